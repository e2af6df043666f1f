import { clockJumps } from './clock-jumps.js'
import { diskFaults } from './disk-calls.js'
import {
  afterCrash,
  calmLife,
  explore,
  failing,
  momentOf,
  newTally,
  type Crash,
  type Failure,
  type Moment,
  type Tally,
  type Violation,
} from './explore.js'
import { fates } from './fate.js'
import {
  asError,
  beginningOf,
  endStateOf,
  faultsOfEnd,
  live,
  lostFiles,
  textOf,
  type EndState,
} from './lives.js'
import { queueFaults } from './job-queue.js'
import { networkFaults } from './network.js'
import { hashOf } from './random.js'
import { randomFrom } from '../random-from.js'
import type { Scenario } from './scenarios.js'
import { Trace, type Operation, type Plan } from './world.js'

/** What may go wrong in one life of a story, each with how likely it is at an operation it can strike. */
interface Weather {
  readonly disk: number
  readonly network: number
  /** That one process of several is killed, while the machine goes on. */
  readonly kill: number
}

export interface Story {
  readonly faults: readonly string[]
  readonly lives: number
  readonly operations: number
}

/**
 * One story that follows from its number: up to three lives with faults of the disk and the network, each but the last ended
 * by a power cut, and a last one in which the weather clears up. It has to end as if nothing had happened.
 */
export async function tell(
  scenario: Scenario,
  seed: number,
  wanted: EndState,
  trace = new Trace(),
): Promise<Story> {
  const random = randomFrom(hashOf(`story ${scenario.name} ${seed}`))
  const clock = clockJumps(randomFrom(hashOf(`clock ${scenario.name} ${seed}`)))
  let standing = beginningOf(scenario)
  let operations = 0
  const crashes = Math.floor(random() * 3)
  for (let life = 1; life <= crashes; life += 1) {
    const weather = weatherFrom(random)
    const cutAt = 1 + Math.floor(random() ** 2 * 3_000)
    const moments: Moment[] = []
    const plan = planOf(weather, random, clock, (world) => {
      if (world.operations < cutAt) return undefined
      moments.push(momentOf(world))
      return 'crash'
    })
    const { world } = await live({ scenario, standing, seed, life, plan, trace })
    operations += world.operations
    const moment = moments[0] ?? momentOf(world)
    const fate = fates[Math.floor(random() * fates.length)]?.name ?? 'killed'
    const crash: Crash = { operation: world.operations, fate, isLate: random() < 0.5 }
    trace.add(`the power goes: ${fate}`)
    const after = afterCrash(moment, crash)
    const lost = lostFiles(scenario, after.disk)
    if (lost.length > 0) return { faults: lost, lives: life, operations }
    standing = after.standing
  }
  const weather = weatherFrom(random)
  let left = Math.floor(random() * 6)
  const plan = planOf(weather, random, clock, undefined, () => (left -= 1) >= 0)
  const life = await live({ scenario, standing, seed, life: crashes + 1, plan, trace }).catch(asError)
  if (life instanceof Error) return { faults: [textOf(life)], lives: crashes + 1, operations }
  operations += life.world.operations
  return { faults: await faultsOfEnd(scenario, life, wanted), lives: crashes + 1, operations }
}

/** Often one thing goes wrong now and then; sometimes much does; sometimes only a crash comes. */
function weatherFrom(random: () => number): Weather {
  const rate = (): number => (random() < 0.5 ? 0 : 0.1 ** (1 + 2 * random()))
  return { disk: rate(), network: 3 * rate(), kill: random() < 0.5 ? 0 : 0.002 }
}

function planOf(
  { disk, network, kill }: Weather,
  random: () => number,
  clock: () => number | null,
  beforeOperation: Plan['beforeOperation'] = () => undefined,
  mayStrike: () => boolean = () => true,
): Plan {
  return {
    beforeOperation(world, operation) {
      const isSeveral = operation.process.host !== 'network'
      if (isSeveral && random() < kill && mayStrike()) world.kill(operation.process)
      const aheadMs = clock()
      if (aheadMs !== null) world.setClock(aheadMs)
      return beforeOperation(world, operation)
    },
    faultOf(_world, operation) {
      const choice = faultsFor(operation)
      const isRemote = operation.request !== null || choice === queueFaults
      const rate = isRemote ? network : disk
      if (choice.length === 0 || random() >= rate || !mayStrike()) return null
      return choice[Math.floor(random() * choice.length)] ?? null
    },
  }
}

/** What an operation may fail with. */
export function faultsFor({ what, request }: Operation): readonly string[] {
  if (request !== null) return networkFaults
  if (what.startsWith('queue ')) return queueFaults
  return diskFaults[what.split(' ')[0] ?? ''] ?? []
}

/** Which of the failures are tried, by their place in the order of all. */
type TakeFailure = (position: number) => boolean

/** What the operations of a story may fail with, one after the other. */
async function failuresOf(scenario: Scenario, seed: number): Promise<readonly Failure[]> {
  const operations: Operation[] = []
  const plan: Plan = { beforeOperation: (_world, operation) => void operations.push(operation) }
  await live({ scenario, standing: beginningOf(scenario), seed, life: 1, plan })
  return operations.flatMap((each, at) => faultsFor(each).map((fault) => ({ operation: at + 1, fault })))
}

/**
 * Every operation of a story fails once with everything it may fail with, story by story: the commands end or go on as
 * they can, are given again, and everything ends as if nothing had failed.
 */
export async function failEverywhere(
  scenario: Scenario,
  seed: number,
  take: TakeFailure,
  isOver: () => boolean = () => false,
): Promise<{ readonly failures: number; readonly violations: readonly Violation[] }> {
  const wanted = endStateOf((await calmLife(scenario, seed)).world)
  const violations: Violation[] = []
  let tried = 0
  for (const [position, failure] of (await failuresOf(scenario, seed)).entries()) {
    if (isOver() || violations.length >= 3) break
    if (!take(position + 1)) continue
    tried += 1
    const faults = await failOnce(scenario, seed, failure, wanted)
    if (faults.length > 0) violations.push({ scenario: scenario.name, seed, crashes: [], failure, faults })
  }
  return { failures: tried, violations }
}

/** One operation fails, and at any later moment of that life the power goes. */
export async function crashAfterFailures(
  scenario: Scenario,
  seed: number,
  take: TakeFailure,
  chosen: (crash: Crash, depth: number) => boolean,
  isOver: () => boolean = () => false,
): Promise<Tally & { readonly failures: number }> {
  const seen = new Set<string>()
  const all = newTally()
  let failures = 0
  for (const [position, failure] of (await failuresOf(scenario, seed)).entries()) {
    if (isOver() || all.violations.length >= 3) break
    if (!take(position + 1)) continue
    failures += 1
    const tally = await explore({ scenario, seed, depth: 1, chosen, isOver, failure, seen })
    all.crashes += tally.crashes
    all.lives += tally.lives
    all.violations.push(...tally.violations)
  }
  return { ...all, failures }
}

export async function failOnce(
  scenario: Scenario,
  seed: number,
  failure: Failure,
  wanted: EndState,
  trace = new Trace(),
): Promise<readonly string[]> {
  const standing = beginningOf(scenario)
  const plan = failing(failure)
  const life = await live({ scenario, standing, seed, life: 1, plan, trace }).catch(asError)
  if (life instanceof Error) return [textOf(life)]
  // What fails on the network passes: nobody has to come for it.
  const isStuck = networkFaults.includes(failure.fault) && life.tries > 1
  return [
    ...(isStuck ? ['was not settled without a person'] : []),
    ...(await faultsOfEnd(scenario, life, wanted)),
  ]
}

/** The end that a scenario has when nothing goes wrong. */
export async function calmEnd(scenario: Scenario): Promise<EndState> {
  return endStateOf((await calmLife(scenario, 1)).world)
}
