import type { FakeBatchServer } from '../../src/testing/index.js'
import { fateNamed, fates } from './fate.js'
import {
  asError,
  beginningOf,
  endStateOf,
  faultsOfEnd,
  live,
  lostFiles,
  textOf,
  type EndState,
  type Life,
  type Standing,
} from './lives.js'
import type { SentRequest } from './network.js'
import type { Scenario } from './scenarios.js'
import type { SimulatedDisk } from './simulated-disk.js'
import { Trace, type Plan, type World } from './world.js'

/** Where a life ends: instead of which operation, and what becomes of what nobody synced. */
export interface Crash {
  readonly operation: number
  readonly fate: string
  /** What the network had at that moment arrives after the restart; else it is lost. */
  readonly isLate: boolean
}

/** What one operation fails with. */
export interface Failure {
  readonly operation: number
  readonly fault: string
}

export const failing = ({ operation, fault }: Failure): Plan => ({
  faultOf: (world) => (world.operations === operation ? fault : null),
})

/** A story that ended otherwise than it should. */
export interface Violation {
  readonly scenario: string
  readonly seed: number
  readonly crashes: readonly Crash[]
  /** The one operation that failed in the first life. */
  readonly failure?: Failure
  readonly faults: readonly string[]
}

export interface Tally {
  /** Moments at which the power went: an operation, a fate, and all crashes before. */
  crashes: number
  /** Disks with a server, no two of them equal, from which a life was begun. */
  lives: number
  readonly violations: Violation[]
}

export const newTally = (): Tally => ({ crashes: 0, lives: 0, violations: [] })

export interface ExploreOptions {
  readonly scenario: Scenario
  readonly seed: number
  /** Crashes in a row. */
  readonly depth: number
  /** Which of the crashes are tried, 0 to 1. All unless given; which ones follows from the seed. */
  readonly chosen?: (crash: Crash, depth: number) => boolean
  readonly isOver?: () => boolean
  /** One operation of the first life fails, and the power goes only after that. */
  readonly failure?: Failure
  /** Ends of lives that others were lived on from; it grows. */
  readonly seen?: Set<string>
}

const mostViolations = 3

/**
 * Lets the power go instead of every operation of a story, with every fate of what was not synced, and again instead of
 * every operation of the life that follows, so many times in a row. A life that would begin with a disk and a server as
 * another one did is not lived again: it would be the same.
 */
export async function explore(options: ExploreOptions): Promise<Tally> {
  const { scenario, seed } = options
  const tally = newTally()
  const calm = await calmLife(scenario, seed)
  const wanted = endStateOf(calm.world)
  const first = await faultsOfEnd(scenario, calm, wanted)
  if (first.length > 0) tally.violations.push({ scenario: scenario.name, seed, crashes: [], faults: first })
  const { seen = new Set() } = options
  await crashEverywhere({ ...options, wanted, tally, seen }, beginningOf(scenario), [])
  return tally
}

export const calmLife = (scenario: Scenario, seed: number, trace = new Trace()): Promise<Life> =>
  live({ scenario, standing: beginningOf(scenario), seed, life: 1, trace })

interface Exploration extends ExploreOptions {
  readonly wanted: EndState
  readonly tally: Tally
  readonly seen: Set<string>
}

/** Lives on from here without a crash, and then crashes at each moment of that life. */
async function crashEverywhere(
  exploration: Exploration,
  standing: Standing,
  before: readonly Crash[],
): Promise<void> {
  const { scenario, seed, depth, wanted, tally } = exploration
  const failure = before.length === 0 ? exploration.failure : undefined
  const moments: Moment[] = []
  const plan = {
    ...(failure !== undefined && failing(failure)),
    ...(before.length < depth && { beforeOperation: noting(moments) }),
  }
  const life = await live({ scenario, standing, seed, life: before.length + 1, plan }).catch(asError)
  const faults = life instanceof Error ? [textOf(life)] : await faultsOfEnd(scenario, life, wanted)
  if (faults.length > 0) tally.violations.push(violation(exploration, before, faults))
  for (const moment of moments) {
    if (moment.first <= (failure?.operation ?? 0)) continue
    for (const { name } of fates) {
      for (const isLate of moment.sending.length > 0 ? [false, true] : [false]) {
        if (tally.violations.length >= mostViolations || exploration.isOver?.() === true) return
        await crash(exploration, moment, { operation: moment.first, fate: name, isLate }, before)
      }
    }
  }
}

function violation(
  { scenario, seed, failure }: Exploration,
  crashes: readonly Crash[],
  faults: readonly string[],
): Violation {
  return { scenario: scenario.name, seed, crashes, faults, ...(failure !== undefined && { failure }) }
}

async function crash(
  exploration: Exploration,
  moment: Moment,
  each: Crash,
  before: readonly Crash[],
): Promise<void> {
  const { scenario, tally, seen, chosen } = exploration
  if (chosen?.(each, before.length) === false) return
  tally.crashes += moment.operations
  const crashes = [...before, each]
  const { standing, disk, digest } = afterCrash(moment, each)
  if (seen.has(`${crashes.length} ${digest}`)) return
  seen.add(`${crashes.length} ${digest}`)
  tally.lives += 1
  const lost = lostFiles(scenario, disk)
  if (lost.length > 0) tally.violations.push(violation(exploration, crashes, lost))
  else await crashEverywhere(exploration, standing, crashes)
}

/** Everything as it is between two changes. */
export interface Moment {
  /** The number of the first operation that a crash here comes instead of, and how many do not differ. */
  readonly first: number
  operations: number
  readonly disk: SimulatedDisk
  readonly server: FakeBatchServer
  readonly nowMs: number
  readonly sending: readonly SentRequest[]
}

/** Reading changes nothing: crashes at two reads in a row are one moment. */
function noting(moments: Moment[]): Exclude<Plan['beforeOperation'], undefined> {
  let last = ''
  return (world) => {
    const { disk, server, sending } = world
    const now = `${disk.changes} ${server.requests().length} ${sending.length}`
    const latest = moments.at(-1)
    if (now === last && latest !== undefined) latest.operations += 1
    else moments.push(momentOf(world))
    last = now
  }
}

export function momentOf({ disk, server, operations, nowMs, sending }: World): Moment {
  const clock = { now: () => nowMs }
  return {
    first: operations,
    operations: 1,
    disk: disk.copy(clock.now),
    server: server.fork({ clock }),
    nowMs,
    sending,
  }
}

/** Journals tell of each life, and nothing is decided by them. */
const isJournal = (path: string): boolean => path.includes('batch_journal_')

/** How long a machine is away, in milliseconds. */
const restartMs = 1_000

export function afterCrash({ disk, server, nowMs, sending }: Moment, { fate, isLate }: Crash) {
  const left = disk.afterCrash(fateNamed(fate), () => nowMs)
  const late = isLate ? sending : []
  const standing: Standing = {
    disk: (now) => left.copy(now),
    server: (clock) => server.fork({ clock }),
    nowMs: nowMs + restartMs,
    late,
  }
  const atServer = server.batches().map(({ id, status }) => `${id} ${status}`)
  const digest = `${left.digest(isJournal)} ${nowMs} ${server.files().length} ${atServer.join()} ${late.length}`
  return { standing, disk: left, digest }
}

/** Lives the same story once more, and gives what is wrong at its end. */
export async function relive(
  scenario: Scenario,
  seed: number,
  crashes: readonly Crash[],
  trace: Trace,
  failure?: Failure,
): Promise<readonly string[]> {
  const calm = await calmLife(scenario, seed)
  const wanted = endStateOf(calm.world)
  let standing = beginningOf(scenario)
  for (const [at, each] of crashes.entries()) {
    const moments: Moment[] = []
    const plan: Plan = {
      ...(at === 0 && failure !== undefined && failing(failure)),
      beforeOperation(world) {
        if (world.operations < each.operation) return undefined
        moments.push(momentOf(world))
        return 'crash'
      },
    }
    await live({ scenario, standing, seed, life: at + 1, plan, trace })
    const [moment] = moments
    if (moment === undefined) throw new Error(`Life ${at + 1} has no operation ${each.operation}.`)
    trace.add(`the power goes: ${each.fate}`)
    const after = afterCrash(moment, each)
    const lost = lostFiles(scenario, after.disk)
    if (lost.length > 0) return lost
    standing = after.standing
  }
  const life = await live({ scenario, standing, seed, life: crashes.length + 1, trace }).catch(asError)
  return life instanceof Error ? [textOf(life)] : faultsOfEnd(scenario, life, wanted)
}
