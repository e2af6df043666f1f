import { isBatchReconciliationError } from '../../src/errors.js'
import { verifyWorkspace } from '../../src/index.js'
import { createFakeBatchServer, type FakeBatchServer } from '../../src/testing/index.js'
import { parseBatchFileName } from '../../src/workspace/file-names.js'
import { readJournal } from '../../src/workspace/journal.js'
import { openWorkspace } from '../../src/workspace/open-workspace.js'
import type { SentRequest } from './network.js'
import { home, root } from './places.js'
import { hashOf } from './random.js'
import { withRuntime } from './runtime.js'
import { NotSettled, scenarios, type Scenario } from './scenarios.js'
import { SimulatedDisk } from './simulated-disk.js'
import { World, type Trace, type Ending, type Plan, type WorldProcess } from './world.js'

/** How everything stands when a life begins: at first, or after a crash. */
export interface Standing {
  readonly disk: (now: () => number) => SimulatedDisk
  readonly server: (clock: { now(): number }) => FakeBatchServer
  readonly nowMs: number
  /** Requests of a process that is gone, which arrive a little later all the same. */
  readonly late?: readonly SentRequest[]
}

const startAtMs = Date.UTC(2026, 0, 2, 3, 4, 5)

export function beginningOf({ files, server }: Scenario): Standing {
  return {
    disk(now) {
      const disk = new SimulatedDisk(now)
      disk.makeDirectory(root)
      for (const [path, content] of Object.entries(files)) disk.put(`${home}/${path}`, content)
      disk.settle()
      return disk
    },
    server: (clock) => createFakeBatchServer({ ...server, clock }),
    nowMs: startAtMs,
  }
}

export interface LifeOptions {
  readonly scenario: Scenario
  readonly standing: Standing
  readonly seed: number
  /** 1 for the first; from 2 on something crashed before. */
  readonly life: number
  readonly plan?: Plan
  readonly trace?: Trace
  readonly isPatient?: boolean
}

export interface Life {
  readonly world: World
  /** How often the commands were given. */
  readonly tries: number
  readonly ending: Ending<unknown>
}

/** All processes of the story are started, and do their work until it ends or the power goes. */
export async function live(options: LifeOptions): Promise<Life> {
  await (loading ??= loadEverything())
  return liveNow(options)
}

let loading: Promise<unknown> | null = null

/** The product loads much on first use only, in real time. From then on what happens follows from the seed. */
async function loadEverything(): Promise<void> {
  for (const scenario of scenarios)
    await liveNow({ scenario, standing: beginningOf(scenario), seed: 1, life: 1, isPatient: true })
}

async function liveNow({ scenario, standing, seed, life, ...options }: LifeOptions): Promise<Life> {
  const world = new World({ ...standing, ...options, seed: hashOf(`${seed} ${life}`) })
  deliverLate(world, standing.late ?? [])
  const end = await withRuntime(
    () => world.runtime(),
    () => untilSettled(world, scenario, life),
  )
  return { world, ...end }
}

/** How long a network may keep what it was given, in milliseconds: less than the product waits for it. */
const lateMs = 5_000

function deliverLate(world: World, requests: readonly SentRequest[]): void {
  const network = world.start({ host: 'network', pid: 1 }, 'always')
  for (const { url, init } of requests)
    void world
      .later(network, lateMs)
      .then(() => world.ask(network, `late ${new URL(url).pathname}`, () => world.server.fetch(url, init)))
}

/** So often the work is begun anew when it ended badly: what failed is over by then. */
const mostTries = 8

async function untilSettled(world: World, scenario: Scenario, life: number): Promise<Omit<Life, 'world'>> {
  for (let tries = 1; ; tries += 1) {
    // After a crash the system gives the same numbers again, which then belong to others.
    const ending = await world.run(together(world, scenario, `boot ${life}, try ${tries}`))
    world.killAll()
    const isOver = ending.type !== 'error' || !isWorthAnotherTry(ending.error)
    if (isOver || tries === mostTries) return { ending, tries }
    await world.run(world.later(null, betweenTriesMs))
  }
}

/** A person comes back after so long. */
const betweenTriesMs = 180_000

async function together(world: World, { hosts, work }: Scenario, name: string): Promise<void> {
  const ends = await Promise.allSettled(hosts.map((host) => supervised(world, host, name, work)))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** Starts a process, and another one in its place some time after it was killed. */
async function supervised(
  world: World,
  host: string,
  name: string,
  work: (process: WorldProcess) => Promise<void>,
): Promise<void> {
  for (let started = 0; started < mostTries; started += 1) {
    const process = world.start({ host, pid: 100 }, `${name}, start ${started}`)
    const end = await Promise.race([work(process).then(() => 'done'), process.killed.then(() => 'killed')])
    if (end === 'done') return
    await world.later(null, restartMs)
  }
}

const restartMs = 20_000

/** A fault of the disk or the network, or what is left of it: everything else is a fault of ours. */
function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof NotSettled) return true
  return isBatchReconciliationError(error) && error.code !== 'UnexpectedError'
}

/** Every file, without what two runs may differ in. */
export type EndState = Readonly<Record<string, string>>

export function endStateOf({ disk }: World): EndState {
  const entries = [...disk.files()].map(([path, bytes]) => [path.slice(home.length + 1), bytes] as const)
  const judged = entries.filter(([path]) => !path.includes('/batch_journal_'))
  return Object.fromEntries(
    judged.flatMap(([path, bytes]) => {
      const text = bytes.toString('latin1')
      return isTokenLog(path) ? tokenEntries(path, text) : [[path, comparable(path, text)] as const]
    }),
  )
}

const isTokenLog = (name: string): boolean => name.includes('/batch_tokens.jsonl')

/** The last line of each triple, without its time; lines that a crash left torn say nothing. */
function tokenEntries(path: string, text: string): (readonly [name: string, text: string])[] {
  const told = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, index] = /^\{"index":"([^"]+)","at":"[^"]*",.*\}$/.exec(line) ?? []
    if (index !== undefined) told.set(`${path}#${index}`, line.replace(/"at":"[^"]*"/, '"at":""'))
  }
  return [...told]
}

/**
 * Metadata and proofs say when things happened; metadata also under which key a batch was asked for, and which upload it
 * was made of: a crash may cost an upload, which costs nothing.
 */
function comparable(path: string, text: string): string {
  if (path.includes('batch_accounting_')) return text.replace(/"accounted_at": "[^"]*"/, '"accounted_at": ""')
  // The end of a register says when its input was written.
  if (path.includes('batch_requests_')) return text.slice(0, text.lastIndexOf('BRREQ'))
  if (!path.includes('batch_metadata_')) return text
  return text
    .replace(/"(?:[a-z_]+_at|missing_since)_(?:server_)?ms":(?:[\d.]+|null)/g, '"at":0')
    .replace(/"intent_key":"[^"]*"/g, '"intent_key":""')
    .replace(/file-[0-9a-f]{22}/g, 'file')
}

/** What is wrong with where a story came to; nothing when it is as it should be. */
export async function faultsOfEnd(
  scenario: Scenario,
  { world, ending }: Life,
  wanted: EndState,
): Promise<string[]> {
  if (ending.type === 'error') return [`ended with ${textOf(ending.error)}`]
  const state = endStateOf(world)
  const names = new Set([...Object.keys(state), ...Object.keys(wanted)])
  const different = [...names].filter((name) => !isAllowed(name, wanted, state))
  const faults = different.map((name) => differenceOf(name, wanted[name], state[name]))
  faults.push(...faultsOfServer(scenario, world.server))
  if (faults.length === 0) faults.push(...(await unproven(world)))
  return faults
}

/** A register can be made from its input at any time: whoever looks for requests that were sent before makes what is missing. */
const isRegister = (name: string): boolean => name.includes('/batch_requests_')

/** The log of tokens is not synced; the proofs make up for a line that is missing. */
const isMissingTokens = (name: string, found: EndState): boolean =>
  isTokenLog(name) && found[name] === undefined

const isAllowed = (name: string, wanted: EndState, found: EndState): boolean =>
  wanted[name] === found[name] ||
  isMissingTokens(name, found) ||
  (isRegister(name) && (wanted[name] === undefined || found[name] === undefined))

function differenceOf(name: string, wanted: string | undefined, found: string | undefined): string {
  if (wanted === undefined) return `${name} is left over`
  if (found === undefined) return `${name} is missing`
  const [wantedLines, foundLines] = [wanted.split('\n'), found.split('\n')]
  const at = foundLines.findIndex((line, position) => line !== wantedLines[position])
  return `${name}:${at + 1} is\n${foundLines[at]?.slice(0, 600)}\ninstead of\n${wantedLines[at]?.slice(0, 600)}`
}

function faultsOfServer({ batches, answered }: Scenario, server: FakeBatchServer): string[] {
  const faults: string[] = []
  const made = server.batches().length
  if (made !== batches) faults.push(`${made} batches instead of ${batches}`)
  const paid = server.executions().filter(({ isAnswered }) => isAnswered).length
  if (paid !== answered) faults.push(`${paid} answers paid for instead of ${answered}`)
  return faults
}

/** What `done/` says is looked at by the product itself, as are the journals. */
async function unproven(world: World): Promise<string[]> {
  world.calm()
  const process = world.start({ host: 'reader', pid: 900 }, 'boot of the reader')
  const ending = await withRuntime(
    () => world.runtime(),
    () => world.run(readBack(process)),
  )
  world.kill(process)
  if (ending.type === 'result') return ending.result
  return [`reading back ended with ${ending.type === 'error' ? textOf(ending.error) : ending.type}`]
}

async function readBack({ fileSystem, mount }: WorldProcess): Promise<string[]> {
  const workspace = await openWorkspace(`${mount}/workspace`, { fileSystem })
  const proofs = await verifyWorkspace(workspace)
  const faults = proofs.flatMap(({ index, isProven }) => (isProven ? [] : [`${index} is not proven`]))
  if (proofs.length === 0) faults.push('nothing is proven')
  const { layout } = workspace
  for (const { name } of await fileSystem.list(layout.done)) {
    const parsed = parseBatchFileName(name)
    if (parsed.type !== 'batch-file' || parsed.kind !== 'input') continue
    await readJournal(workspace, parsed.index)
  }
  return faults
}

/** Files that people gave, and that stand nowhere with all of their bytes. */
export function lostFiles({ files }: Scenario, disk: SimulatedDisk): string[] {
  const standing = new Set([...disk.files().values()].map((bytes) => bytes.toString()))
  return Object.entries(files).flatMap(([path, content]) =>
    standing.has(content) ? [] : [`${path} is lost`],
  )
}

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = isBatchReconciliationError(error) ? `${error.code} ` : ''
  // Under which path a process has the disk mounted differs from one run to the next.
  return `${code}${error.stack ?? error.message}`.replaceAll(/\/proc\/simulated\.\d+/g, home)
}
