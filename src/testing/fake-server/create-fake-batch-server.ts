import { systemClock } from '../../clock.js'
import { answerCall } from './answer-call.js'
import { batchObject } from './batch-object.js'
import type { Fault } from './fault.js'
import { fileObject } from './files-api.js'
import { listenOnLoopback, type ListeningServer } from './listen.js'
import type { Answer, BatchPlan } from './plan.js'
import { renderToFetch } from './render-to-fetch.js'
import { scriptedFaults, type ScriptedFault } from './scripted-faults.js'
import { copyOfState } from './copy-state.js'
import { settleAll } from './settle.js'
import type { ApiCall, ExecutionFacts, NewBatch, RowExecution, ServerLimits, ServerState } from './state.js'
import { timelineOf } from './timeline.js'
import type { BatchObject, BatchRequest, FileObject, Operation } from './wire.js'

export interface FakeBatchServerOptions {
  /** The time of day; the system's unless given. `advance` adds to it. */
  readonly clock?: { now(): number }
  /** Moves the time on by so many milliseconds at every look at a batch or list of batches. Default 0. */
  readonly advanceMsPerPoll?: number
  /** Models that exist; others fail validation with `model_not_found`. All exist unless given. */
  readonly models?: readonly string[]
  /** The only key that is let in. Any key is, unless given. */
  readonly apiKey?: string
  readonly limits?: Partial<ServerLimits>
  /** How batches go unless their own plan says otherwise. */
  readonly defaults?: BatchPlan
  /** Chooses the plan of each new batch. Plans queued with `plan` come first. */
  readonly planFor?: (batch: NewBatch) => BatchPlan | undefined
  /** Answers a request; `undefined` means a deterministic success. Row rules of the plan come first. */
  readonly answer?: (request: BatchRequest, execution: ExecutionFacts) => Answer | undefined
  readonly faults?: readonly Fault[]
  /** Downloads may start at a byte (`Range: bytes=N-`). Default false: the header is ignored. */
  readonly servesRanges?: boolean
  /** Answers carry the `Date` of this server's clock. Default true. */
  readonly sendsDate?: boolean
  /** Ids, texts and shuffles follow from it. Default 1. */
  readonly seed?: number
}

/** A server of the OpenAI files and batches API that keeps everything in memory and lies on request. */
export interface FakeBatchServer {
  /** For the client's `fetch` option; no socket is opened. Any base URL will do. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /** Serves the same state on 127.0.0.1, over real sockets. */
  readonly listen: (options?: { readonly port?: number }) => Promise<ListeningServer>
  /** Moves the server's time on. */
  readonly advance: (ms: number) => void
  /** Moves the time on until every batch created so far has ended. */
  readonly finishBatches: () => void
  /** Milliseconds since 1970, as the server sees it. */
  readonly now: () => number
  /** Puts a fault in force, beside those already there. */
  readonly script: (fault: Fault) => ScriptedFault
  /** Queues plans: the next batches created take one each. */
  readonly plan: (...plans: readonly BatchPlan[]) => void
  /** Every batch there is, oldest first, as it truly is: what faults misreport is not misreported here. */
  readonly batches: () => readonly BatchObject[]
  /** Every file that was kept and not deleted, oldest first. */
  readonly files: () => readonly FileObject[]
  /** The true bytes of a file; `null` when there is none of this id. */
  readonly fileBytes: (id: string) => Uint8Array | null
  /** Every API call so far, or those of one operation. */
  readonly requests: (operation?: Operation) => readonly ApiCall[]
  /** Every request of an input file that was run so far, in order. */
  readonly executions: () => readonly RowExecution[]
  /**
   * The same server once more, as it stands now: what happens to one of them from here on does not happen to the other.
   * For trying several ends of one beginning.
   */
  readonly fork: (options?: { readonly clock?: { now(): number } }) => FakeBatchServer
}

/**
 * Makes a server for tests: it stores, validates and executes uploaded files as the OpenAI Batch API does, with a
 * clock of its own and faults on demand.
 *
 * ```ts
 * const server = createFakeBatchServer()
 * const client = new OpenAI({ apiKey: 'test', baseURL: 'http://fake.test/v1', fetch: server.fetch })
 * server.script(faults.createAnswerLost())
 * ```
 */
export function createFakeBatchServer(options: FakeBatchServerOptions = {}): FakeBatchServer {
  const time = serverTime(options, 0)
  return serverOf(newState(options, time), options, time)
}

interface ServerTime extends Pick<ServerState, 'now' | 'onPoll'> {
  readonly advance: (ms: number) => void
  readonly advancedMs: () => number
}

function serverTime(
  { clock = systemClock, advanceMsPerPoll = 0 }: FakeBatchServerOptions,
  startMs: number,
): ServerTime {
  let advancedMs = startMs
  return {
    now: () => clock.now() + advancedMs,
    onPoll: () => void (advancedMs += advanceMsPerPoll),
    advance: (ms) => void (advancedMs += ms),
    advancedMs: () => advancedMs,
  }
}

function serverOf(state: ServerState, options: FakeBatchServerOptions, time: ServerTime): FakeBatchServer {
  const settled = () => {
    settleAll(state)
    return state
  }
  const advance = (ms: number) => {
    time.advance(ms)
    settleAll(state)
  }
  return {
    fetch: async (input, init) => {
      const request = new Request(input, init)
      return renderToFetch(await answerCall(state, request), callerSignal(input, init) ?? request.signal)
    },
    listen: ({ port = 0 } = {}) => listenOnLoopback(state, port),
    advance,
    finishBatches: () => advance(Math.max(0, Math.ceil(endMs(state) - state.now()))),
    now: state.now,
    script: state.faults.script,
    plan: (...plans) => void state.nextPlans.push(...plans),
    batches: () => [...settled().batches.values()].map((batch) => batchObject(state, batch)),
    files: () => [...settled().files.values()].map(fileObject),
    fileBytes: (id) => settled().files.get(id)?.bytes ?? null,
    requests: (operation) =>
      state.calls.filter((call) => operation === undefined || call.operation === operation),
    executions: () => [...settled().executions],
    fork(changes = {}) {
      const changed = { ...options, ...changes }
      const otherTime = serverTime(changed, time.advancedMs())
      return serverOf(copyOfState(settled(), otherTime), changed, otherTime)
    },
  }
}

/** The caller's own signal: the copy inside a `Request` stops following it once the request is collected. */
function callerSignal(input: string | URL | Request, init: RequestInit | undefined): AbortSignal | null {
  return init?.signal ?? (input instanceof Request ? input.signal : null)
}

const defaultLimits: ServerLimits = {
  requestsPerBatch: 50_000,
  inputBytes: 200_000_000,
  createsPerHour: 2000,
  enqueuedTokens: Infinity,
}

function newState(
  options: FakeBatchServerOptions,
  { now, onPoll }: Pick<ServerState, 'now' | 'onPoll'>,
): ServerState {
  const faults = scriptedFaults()
  for (const fault of options.faults ?? []) faults.script(fault)
  return {
    seed: options.seed ?? 1,
    settings: {
      models: options.models === undefined ? null : new Set(options.models),
      apiKey: options.apiKey ?? null,
      limits: { ...defaultLimits, ...options.limits },
      defaults: options.defaults ?? {},
      planFor: options.planFor ?? (() => undefined),
      answer: options.answer ?? (() => undefined),
      servesRanges: options.servesRanges ?? false,
      sendsDate: options.sendsDate ?? true,
    },
    files: new Map(),
    batches: new Map(),
    uploads: 0,
    running: new Set(),
    calls: [],
    executions: [],
    runsById: new Map(),
    nextPlans: [],
    faults,
    now,
    onPoll,
  }
}

function endMs(state: ServerState): number {
  return [...state.running].reduce((latest, batch) => Math.max(latest, timelineOf(batch).endedAtMs), 0)
}
