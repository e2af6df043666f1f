import type { BatchPlan, Answer } from './plan.js'
import type { ScriptedFaults } from './scripted-faults.js'
import type { BatchErrorObject, BatchRequest, BatchUsage, Operation } from './wire.js'

/** Everything one fake server knows. Plain data that the handlers change; nothing outlives the server. */
export interface ServerState {
  readonly seed: number
  readonly settings: ServerSettings
  readonly files: Map<string, StoredFile>
  readonly batches: Map<string, StoredBatch>
  /** Uploads so far, deleted ones included. */
  uploads: number
  /** Batches that may still change, in order of creation. */
  readonly running: Set<StoredBatch>
  readonly calls: ApiCallRecord[]
  readonly executions: RowExecution[]
  readonly runsById: Map<string, number>
  /** Plans for the batches created next, used up from the front. */
  readonly nextPlans: BatchPlan[]
  readonly faults: ScriptedFaults
  /** Milliseconds since 1970, as this server sees it. */
  readonly now: () => number
  /** Called before a batch is looked at; lets the clock move with the polls. */
  readonly onPoll: () => void
}

export interface ServerSettings {
  readonly models: ReadonlySet<string> | null
  readonly apiKey: string | null
  readonly limits: ServerLimits
  readonly defaults: BatchPlan
  readonly planFor: (batch: NewBatch) => BatchPlan | undefined
  readonly answer: (request: BatchRequest, execution: ExecutionFacts) => Answer | undefined
  readonly servesRanges: boolean
  readonly sendsDate: boolean
}

/** What the server accepts. The defaults are OpenAI's (OpenAI guide, "Batch API", "Rate limits"). */
export interface ServerLimits {
  readonly requestsPerBatch: number
  readonly inputBytes: number
  readonly createsPerHour: number
  /** Over all batches of one model that still run; unlimited unless set. A token is taken to be four bytes. */
  readonly enqueuedTokens: number
}

/** A batch that is about to be created, for choosing its plan. */
export interface NewBatch {
  /** 1 for the first batch of this server. */
  readonly number: number
  readonly inputFileId: string
  readonly endpoint: string
  readonly metadata: Readonly<Record<string, string>> | null
}

/** What an `answer` function may know beside the request. */
export interface ExecutionFacts {
  readonly batchId: string
  /** 1 the first time this `custom_id` is run here, 2 after it was sent again, and so on. */
  readonly run: number
}

export interface StoredFile {
  readonly id: string
  readonly filename: string
  readonly purpose: string
  readonly bytes: Uint8Array
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
}

export interface StoredBatch extends NewBatch {
  readonly id: string
  readonly completionWindow: string
  readonly plan: BatchPlan
  readonly createdAtMs: number
  readonly expiresAtMs: number
  /** How long its files are kept after they were written. */
  readonly keepFilesMs: number
  cancelledByCallAtMs: number | null
  /** What validation found; `null` until then. Its requests are let go when the batch has ended. */
  checkedInput: CheckedInput | null
  /** What came out of it; `null` while it runs. */
  result: BatchResult | null
  /** List calls that happened since it was created. */
  listCalls: number
}

export interface CheckedInput {
  readonly requests: readonly BatchRequest[]
  readonly problems: readonly BatchErrorObject[]
  readonly model: string | null
  readonly tokens: number
}

export interface BatchResult {
  readonly total: number
  readonly outputFileId: string | null
  readonly errorFileId: string | null
  readonly completed: number
  readonly failed: number
  readonly usage: BatchUsage
}

/** One request that the server ran. Requests an expired batch never reached are not here. */
export interface RowExecution {
  readonly batchId: string
  readonly customId: string
  /** 1 for the first time this id was run. */
  readonly run: number
  /** True for a 2xx answer: one that costs money and must not be asked for again. */
  readonly isAnswered: boolean
}

/** One API call as the server saw it. */
export interface ApiCall {
  /** From 1, in order of arrival. */
  readonly number: number
  readonly operation: Operation
  /** The file or batch of the path; `''` for collections. */
  readonly id: string
  readonly method: string
  readonly url: string
  /** Names in lower case; keys are blotted out. */
  readonly headers: Readonly<Record<string, string>>
  readonly atMs: number
  /** The HTTP status sent, or what was done instead; `pending` until then. */
  readonly answer: number | 'reset' | 'silence' | 'pending'
  /** Whether the server did what was asked, whatever it answered. */
  readonly isExecuted: boolean
}

export type ApiCallRecord = { -readonly [Field in keyof ApiCall]: ApiCall[Field] }
