import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import OpenAI from 'openai'
import { expect } from 'vitest'
import {
  locateTriple,
  readMetadata,
  reconcileWorkspace,
  submitRequests,
  verifyWorkspace,
  watchWorkspace,
  type BatchMetadata,
  type BatchWorkspace,
  type ReconciliationEvent,
  type SubmitOptions,
  type SubmitReport,
  type TripleReport,
  type WatchOptions,
  type WorkspaceReport,
} from '../../src/index.js'
import {
  createFakeBatchServer,
  type FakeBatchServer,
  type FakeBatchServerOptions,
} from '../../src/testing/index.js'
import { idleClock, type IdleClock } from '../fakes/idle-clock.js'
import { onDisk, unsyncedFileSystem, withWorkspace } from '../workspace/support.js'

export const startAtMs = Date.UTC(2026, 0, 2, 3, 4, 5)

/** A workspace on a real disk, a server that lives by the same clock, and the real client between them. */
export interface Scene {
  readonly workspace: BatchWorkspace
  readonly server: FakeBatchServer
  readonly client: OpenAI
  readonly clock: IdleClock
  /** Numbers of calls the server sits on; time goes on meanwhile. */
  readonly held: Set<number>
  /** Everything that was reported so far. */
  readonly events: ReconciliationEvent[]
  /** Writes a requests file beside the workspace's folders; gives its path. */
  readonly requests: (ids: readonly string[] | number, name?: string) => string
  readonly submit: (paths: string | readonly string[], options?: SubmitOptions) => Promise<SubmitReport>
  /** One pass. */
  readonly run: (options?: WatchOptions) => Promise<WorkspaceReport>
  /** Until everything is settled. */
  readonly watch: (options?: WatchOptions) => Promise<WorkspaceReport>
  /** The same scene on another disk. */
  readonly on: (fileSystem: BatchWorkspace['fileSystem']) => Scene
}

export interface SceneOptions extends FakeBatchServerOptions {
  /** How far the server's clock is ahead of ours. */
  readonly serverAheadMs?: number
  /** Our clock as somebody bends it; time passes as before. */
  readonly bendClock?: (clock: IdleClock) => IdleClock
}

export function withScene<T>(
  { serverAheadMs = 0, bendClock = (clock) => clock, ...options }: SceneOptions,
  use: (scene: Scene) => Promise<T>,
): Promise<T> {
  const held = new Set<number>()
  const isServing = (): boolean =>
    server.requests().some(({ answer, number }) => answer === 'pending' && !held.has(number))
  const clock = idleClock(startAtMs, isServing)
  const serverClock = { now: () => clock.now() + serverAheadMs }
  const server = createFakeBatchServer({ clock: serverClock, ...options })
  const client = new OpenAI({ apiKey: 'test-key', baseURL: 'http://fake.test/v1', fetch: server.fetch })
  return withWorkspace(
    {},
    (workspace) => use(sceneOf(workspace, server, client, bendClock(clock), held)),
    unsyncedFileSystem,
  )
}

function sceneOf(
  workspace: BatchWorkspace,
  server: FakeBatchServer,
  client: OpenAI,
  clock: IdleClock,
  held: Set<number>,
): Scene {
  const events: ReconciliationEvent[] = []
  const common: WatchOptions = { client, clock, onEvent: (event) => void events.push(event) }
  return {
    workspace,
    server,
    client,
    clock,
    held,
    events,
    requests: (ids, name = 'requests.jsonl') => writeRequests(workspace, ids, name),
    submit: (paths, options) =>
      submitRequests(workspace, typeof paths === 'string' ? [paths] : paths, { ...common, ...options }),
    run: (options) => reconcileWorkspace(workspace, { ...common, ...options }),
    watch: (options) => watchWorkspace(workspace, { ...common, ...options }),
    on: (fileSystem) => ({ ...sceneOf(onDisk(workspace, fileSystem), server, client, clock, held), events }),
  }
}

/** Ids `row-1` to `row-<count>`. */
export const idsUpTo = (count: number): string[] =>
  Array.from({ length: count }, (_, position) => `row-${position + 1}`)

export function requestLine(id: string, model = 'gpt-4o-mini'): string {
  const body = { model, messages: [{ role: 'user', content: `Say ${id}.` }] }
  return JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body })
}

/** Writes a requests file beside the workspace's folders; gives its path. */
export function writeRequests(
  { root }: BatchWorkspace,
  ids: readonly string[] | number,
  name = 'requests.jsonl',
): string {
  const directory = join(root, 'requests')
  mkdirSync(directory, { recursive: true })
  const lines = (typeof ids === 'number' ? idsUpTo(ids) : ids).map((id) => `${requestLine(id)}\n`)
  writeFileSync(join(directory, name), lines.join(''))
  return join(directory, name)
}

/** Puts an input into `workdir/`, as a user does by hand. */
export function putInput({ workspace }: Scene, index: string, ids: readonly string[]): void {
  const lines = ids.map((id) => `${requestLine(id)}\n`)
  writeFileSync(workspace.layout.workdirFile('input', index), lines.join(''))
}

export const warningsOf = ({ events }: Scene): string[] =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))

/** The one index that `submit` made. */
export function indexOf({ prepared }: SubmitReport): string {
  const [only, ...others] = new Set(prepared.map(({ index }) => index))
  if (only === undefined || others.length > 0) throw new Error(`${prepared.length} inputs were prepared.`)
  return only
}

export function reportOf({ triples }: WorkspaceReport, index: string): TripleReport {
  const found = triples.find((triple) => triple.index === index)
  if (found === undefined) throw new Error(`No report of triple ${index}.`)
  return found
}

/** `outcome` of every triple in the report, with the code of its problem. */
export const outcomes = ({ triples }: WorkspaceReport): string[] =>
  triples.map(({ outcome, problem }) => (problem === null ? outcome.type : `${outcome.type} ${problem.code}`))

export const namesIn = ({ workspace }: Pick<Scene, 'workspace'>, directory: string): string[] =>
  readdirSync(join(workspace.root, directory)).toSorted()

export interface Row {
  readonly custom_id: string
  readonly outcome: string
  readonly attempt: number
  readonly error?: { readonly code: string | null; readonly message: string | null } | null
  readonly [field: string]: unknown
}

/** The rows of `target/` for a root; none while there is no such file. */
export function resultsOf({ workspace }: Pick<Scene, 'workspace'>, rootIndex: string): Row[] {
  const path = workspace.layout.resultsFile(rootIndex)
  return existsSync(path) ? linesOf(path).map((line) => JSON.parse(line) as Row) : []
}

function linesOf(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  if (lines.pop() !== '') throw new Error(`${path} does not end with a line feed.`)
  return lines
}

/** `custom_id outcome` of each result, in the order of the file. */
export const resultTexts = (scene: Scene, rootIndex: string): string[] =>
  resultsOf(scene, rootIndex).map(({ custom_id, outcome }) => `${custom_id} ${outcome}`)

export async function metadataOf({ workspace }: Scene, index: string): Promise<BatchMetadata> {
  const triple = await locateTriple(workspace, index)
  const done = workspace.layout.doneFile('metadata', index)
  const metadata = await readMetadata(workspace, triple.metadata ?? done)
  if (metadata === null) throw new Error(`Triple ${index} has no metadata.`)
  return metadata
}

/** Calls by name: `files.create`, `batches.create`, … */
export const callsOf = ({ server }: Scene): string[] => server.requests().map(({ operation }) => operation)

export const countOf = ({ server }: Scene, operation: Parameters<FakeBatchServer['requests']>[0]): number =>
  server.requests(operation).length

/** Answers that were paid for, each of which must be asked for once only: `custom_id` → how often. */
export function answeredTwice({ server }: Pick<Scene, 'server'>): string[] {
  const counts = new Map<string, number>()
  for (const { customId, isAnswered } of server.executions()) {
    if (isAnswered) counts.set(customId, (counts.get(customId) ?? 0) + 1)
  }
  return [...counts].filter(([, count]) => count > 1).map(([customId]) => customId)
}

/** One lineage has come to its end: one row for each request, nothing left in `workdir/`, `done/` proven again. */
export async function expectSettled(
  scene: Pick<Scene, 'workspace'>,
  rootIndex: string,
  ids: readonly string[],
): Promise<void> {
  expect(resultsOf(scene, rootIndex).map(({ custom_id }) => custom_id)).toEqual(ids)
  expect(namesIn(scene, 'workdir')).toEqual([])
  const proofs = await verifyWorkspace(scene.workspace)
  expect(proofs.filter(({ isProven }) => !isProven)).toEqual([])
  expect(proofs.length).toBeGreaterThan(0)
}

export { rejection } from '../workspace/support.js'
