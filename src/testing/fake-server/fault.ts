import type { BodyEnding } from './reply.js'
import type { ApiCall } from './state.js'
import type { BatchObject, Operation } from './wire.js'

/** Something that goes wrong, on which calls, and how often. `faults.ts` has the usual ones. */
export interface Fault {
  /** The operations it may hit; `all` is every call. */
  readonly on: Operation | readonly Operation[] | 'all'
  /** A further condition, such as one file's id. The call's `answer` is still `pending` then. */
  readonly when?: (call: ApiCall) => boolean
  /** How many matching calls go well first. Default 0. */
  readonly skip?: number
  /** How many matching calls it hits after that. Default 1; `Infinity` for ever. */
  readonly times?: number
  readonly effect: FaultEffect
}

export type FaultEffect = AnswerEffect | NoAnswerEffect | BodyEffect | HoldEffect | ReportEffect | ListEffect

/** Answers something else. */
export interface AnswerEffect {
  readonly type: 'answer'
  readonly status: number
  /** An object becomes JSON, a string is sent as it is. */
  readonly body: string | Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the server does what was asked before it says this. Default false. */
  readonly isExecuted?: boolean
}

/** Closes the connection without an answer, or keeps it open and never answers. */
export interface NoAnswerEffect {
  readonly type: 'reset' | 'silence'
  /** Whether the server does what was asked all the same. Default false. */
  readonly isExecuted?: boolean
}

/** Sends the right answer, but not well. Applies to answers with status 200. */
export interface BodyEffect {
  readonly type: 'body'
  readonly ending: BodyEnding
  /** The part of the body that is sent, 0 to 1. Default 0.5. */
  readonly share?: number
  /** Moves the cut back to the end of a line, where the missing lines show least. */
  readonly atLineEnd?: boolean
}

/** Answers normally, once the promise resolves. For tests that act while a call is under way. */
export interface HoldEffect {
  readonly type: 'hold'
  readonly until: Promise<unknown>
  /** `before`: the server does nothing until then. `after`: it has done it, only the answer waits. */
  readonly stage: 'before' | 'after'
}

/** Reports batches otherwise than they are; hits each batch of a list by itself. */
export interface ReportEffect {
  readonly type: 'report'
  readonly change: (batch: BatchObject, report: ReportFacts) => object
}

export interface ReportFacts {
  /** How often this fault has bent a report of this batch, 1 the first time. */
  readonly number: number
}

/** Lists badly. Applies to `batches.list`. */
export interface ListEffect {
  readonly type: 'list'
  /** Always gives the first page and says there is more. */
  readonly ignoresAfter?: boolean
  readonly omitsHasMore?: boolean
  /** Says on every page that it is the last one. */
  readonly deniesMore?: boolean
  /** Entries of one page at most, however many were asked for. */
  readonly mostEntries?: number
  /** A new batch is missing from the first so many lists after its creation. */
  readonly lagCalls?: number
  /** A new batch is missing from lists until it is so old. */
  readonly lagMs?: number
}
