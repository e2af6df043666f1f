import { unboundedRoom } from '../../src/actors/creation-room.js'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import OpenAI from 'openai'
import { onTestFinished } from 'vitest'
import { defaultTripleLimits, type OnlineStepInput, type TripleFacts } from '../../machines/index.js'
import { tripleDependencies, type Step, type TripleDependencies } from '../../src/actors/dependencies.js'
import type { StepEvent } from '../../src/actors/events.js'
import { ownersOfAnswers } from '../../src/actors/owners-of-answers.js'
import { publishedLineages } from '../../src/actors/published-lineages.js'
import { sentBefore } from '../../src/actors/sent-before.js'
import { sentElsewhere } from '../../src/actors/sent-elsewhere.js'
import { unlimitedAdmission } from '../../src/actors/submission-admission.js'
import { submissionGate } from '../../src/actors/submission-gate.js'
import { submitBatch } from '../../src/actors/submit-batch.js'
import { surveyFacts } from '../../src/actors/survey-triple.js'
import type { BatchProvider, RemoteBatch } from '../../src/providers/batch-provider.js'
import { openAiBatchProvider } from '../../src/providers/openai/provider.js'
import {
  createFakeBatchServer,
  type FakeBatchServer,
  type FakeBatchServerOptions,
  type Operation,
} from '../../src/testing/index.js'
import { readMetadata, updateMetadata, type BatchMetadata } from '../../src/workspace/metadata.js'
import { openWorkspace, type BatchWorkspace } from '../../src/workspace/open-workspace.js'
import { faultFileSystem, type FaultLogEntry, type FaultRule } from '../fakes/fault-file-system.js'
import { idleClock, type IdleClock } from '../fakes/idle-clock.js'
import { idsUpTo, jsonl, requestLine } from '../engine/lines.js'
import { putFiles, unsyncedFileSystem, withDirectory } from '../workspace/support.js'

export { answerLine, errorLine, idsUpTo, jsonl, metadataText, requestLine } from '../engine/lines.js'
export { rejection } from '../workspace/support.js'

export const startAtMs = Date.UTC(2026, 0, 2, 3, 4, 5)

/** Never aborted. */
export const noSignal = new AbortController().signal

/** What a single step works with: a workspace on disk, a server that lives by the same clock, the real client between. */
export interface StepScene {
  readonly workspace: BatchWorkspace
  readonly server: FakeBatchServer
  readonly clock: IdleClock
  readonly provider: BatchProvider
  /** Of one triple, as the machine has them: made once, so what a step keeps the next one finds. */
  readonly dependencies: TripleDependencies
  /** Everything that was reported so far. */
  readonly events: StepEvent[]
  /** Every operation on the disk since the scene was made. */
  readonly log: readonly FaultLogEntry[]
  /** Dependencies of another triple or another run on the same workspace. */
  readonly anew: (changes?: Partial<TripleDependencies>) => TripleDependencies
  readonly put: (files: Readonly<Record<string, string>>) => void
  /** Looks at the disk and takes the step, as the machine does. */
  readonly take: <Output>(step: Step<OnlineStepInput, Output>, options?: StepOptions) => Promise<Output>
}

export interface StepOptions {
  /** `1` unless given. */
  readonly index?: string
  readonly dependencies?: TripleDependencies
  readonly wanted?: OnlineStepInput['wanted']
  readonly facts?: Partial<TripleFacts>
  readonly signal?: AbortSignal
}

export interface SceneOptions extends FakeBatchServerOptions {
  readonly dependencies?: Partial<TripleDependencies>
  readonly rules?: readonly FaultRule[]
}

/** A scene with these files (paths from the root of the workspace); it is gone when the test ends. */
export async function stepScene(
  files: Readonly<Record<string, string>>,
  { dependencies: changes = {}, rules = [], ...options }: SceneOptions = {},
): Promise<StepScene> {
  const root = await lastingDirectory()
  const fileSystem = faultFileSystem(unsyncedFileSystem, rules)
  const workspace = await openWorkspace(root, { create: true, fileSystem })
  putFiles(root, files)
  const isServing = (): boolean => server.requests().some(({ answer }) => answer === 'pending')
  const clock = idleClock(startAtMs, isServing)
  const server = createFakeBatchServer({ clock, ...options })
  const client = new OpenAI({ apiKey: 'test-key', baseURL: 'http://fake.test/v1', fetch: server.fetch })
  const provider = openAiBatchProvider({ client, clock })
  const events: StepEvent[] = []
  const anew: StepScene['anew'] = (more = {}) => ({
    ...tripleDependencies({
      workspace,
      clock,
      provider,
      limits: defaultTripleLimits,
      contentType: null,
      schema: undefined,
      repairJson: false,
      shouldRetry: undefined,
      processOutput: undefined,
      processErrors: undefined,
      report: (event) => void events.push(event),
      submissions: submissionGate(),
      sentBefore: sentBefore(),
      sentElsewhere: sentElsewhere(),
      lineages: publishedLineages(),
      ownersOfAnswers: ownersOfAnswers(),
      maySubmitRetries: true,
      cancelDuplicates: false,
      room: unboundedRoom,
      admission: unlimitedAdmission,
    }),
    ...changes,
    ...more,
  })
  const ours = anew()
  return {
    workspace,
    server,
    clock,
    provider,
    dependencies: ours,
    events,
    log: fileSystem.log,
    anew,
    put: (more) => putFiles(root, more),
    take: async (step, { index = '1', dependencies = ours, wanted = 'absent', facts, signal } = {}) => {
      const surveyed = { ...(await surveyFacts(workspace, index)), ...facts }
      return step(dependencies, { index, facts: surveyed, wanted }, signal ?? noSignal)
    },
  }
}

/** A directory that is removed when the test ends. */
function lastingDirectory(): Promise<string> {
  const ended = new Promise<void>((resolve) => onTestFinished(() => resolve()))
  return new Promise((resolve, reject) => {
    withDirectory((root) => {
      resolve(root)
      return ended
    }).catch(reject)
  })
}

/** The input of triple 1 with requests `row-1` and so on; those of another triple begin with its index. */
export const inputOf = (requests: number, index = '1'): Record<string, string> => ({
  [`workdir/batch_input_${index}.jsonl`]: jsonl(
    ...idsUpTo(requests, index === '1' ? 'row-' : `${index}-`).map((id) => requestLine(id)),
  ),
})

/** Sends triple 1 to the server; gives the batch id. */
export async function submitted(scene: StepScene): Promise<string> {
  const result = await scene.take(submitBatch)
  if (result.type !== 'submitted') throw new Error(`The submission came to ${result.type}.`)
  return result.batchId
}

export const namesIn = ({ workspace }: StepScene, directory: string): string[] =>
  readdirSync(join(workspace.root, directory)).toSorted()

/** The text of a file by its path from the root; `null` when there is none. */
export function textOf({ workspace }: StepScene, path: string): string | null {
  const place = join(workspace.root, path)
  return existsSync(place) ? readFileSync(place, 'utf8') : null
}

/** The parsed lines of such a file; none when there is no such file. */
export const rowsOf = (scene: StepScene, path: string): Record<string, unknown>[] =>
  (textOf(scene, path) ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** The metadata of a triple in `workdir/`; fails when there is none. */
export async function metadataOf({ workspace }: StepScene, index = '1'): Promise<BatchMetadata> {
  const metadata = await readMetadata(workspace, workspace.layout.workdirFile('metadata', index))
  if (metadata === null) throw new Error(`Triple ${index} has no metadata.`)
  return metadata
}

export const noteMetadata = (
  { workspace }: StepScene,
  patch: Partial<BatchMetadata>,
  index = '1',
): Promise<BatchMetadata> => updateMetadata(workspace, workspace.layout.workdirFile('metadata', index), patch)

/** Calls by name, in their order: `files.create`, `batches.create`, … */
export const callsOf = ({ server }: StepScene): readonly Operation[] =>
  server.requests().flatMap(({ operation }) => operation ?? [])

export const warningsOf = ({ events }: StepScene): string[] =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))

/** Names that were given to whole files, in their order: what became durable, and when. */
export const namesGiven = ({ log, workspace }: Pick<StepScene, 'log' | 'workspace'>): string[] =>
  log.flatMap(({ operation, to }) =>
    operation === 'rename' && to !== undefined ? [to.slice(workspace.root.length + 1)] : [],
  )

/** A batch as a server reports it. */
export const remoteBatch = (changes: Partial<RemoteBatch> = {}): RemoteBatch => ({
  batchId: 'batch_1',
  status: 'in_progress',
  inputFileId: 'file-1',
  outputFileId: null,
  errorFileId: null,
  requestCounts: null,
  errors: [],
  endpoint: '/v1/chat/completions',
  createdAtMs: startAtMs,
  expiresAtMs: null,
  metadata: {},
  ...changes,
})

export interface RecordingProvider extends BatchProvider {
  /** `status batch_1`, `cancel batch_1`, … in their order. */
  readonly calls: string[]
}

const unasked = (name: string) => () => Promise.reject(new Error(`Nobody expected ${name}.`))

/** A server of a few answers; what it was not given an answer for fails the test. */
export function recordingProvider(
  answers: Partial<Pick<BatchProvider, 'submit' | 'find' | 'status' | 'download' | 'cancel'>>,
): RecordingProvider {
  const calls: string[] = []
  return {
    name: 'recording',
    calls,
    limits: { maxRequests: 50_000, maxInputBytes: 200_000_000, maxEmbeddingInputs: null },
    minPollDelayMs: 0,
    submit: (request, signal) => {
      calls.push(`submit ${request.inputFileId ?? 'anew'}`)
      return (answers.submit ?? unasked('submit'))(request, signal)
    },
    find: (query, signal) => {
      calls.push(`find ${query.inputFileId}`)
      return (answers.find ?? unasked('find'))(query, signal)
    },
    status: (ids, signal) => {
      calls.push(`status ${ids.join(' ')}`)
      return (answers.status ?? unasked('status'))(ids, signal)
    },
    download: (id, write, signal) => {
      calls.push(`download ${id}`)
      return (answers.download ?? unasked('download'))(id, write, signal)
    },
    cancel: (id, signal) => {
      calls.push(`cancel ${id}`)
      return (answers.cancel ?? unasked('cancel'))(id, signal)
    },
  }
}
