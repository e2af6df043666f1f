import type { ReportedCounts, TripleFacts } from './facts.js'
import type { Refusal } from './no-room.js'
import type { Problem } from './problem.js'
import type { RowCounts } from './row-classes.js'
import type { TokenTotals } from './tokens.js'

/** What every actor of the triple machine is told. Facts are those of the last survey. */
export interface StepInput {
  readonly index: string
  readonly facts: TripleFacts
}

/** Which of the files a server names are fetched: those that are not here, or all of them anew. */
export type WantedFiles = 'absent' | 'all-anew'

/** What the steps at the server are told. */
export interface OnlineStepInput extends StepInput {
  readonly wanted: WantedFiles
}

/**
 * What was counted. A *row* is a line that is valid JSON, an object, with a usable `custom_id`; lines that are
 * not rows are `unreadable`, blank lines are nothing. Always:
 * `output + error = matched + inBoth + duplicate answers + unknown` and `matched + missing` = distinct requests.
 */
export interface AccountingCounts {
  /** Rows of the input file, collapsed duplicates included. */
  readonly input: number
  /** Rows of the output file. */
  readonly output: number
  /** Rows of the error file. */
  readonly error: number
  /** Requests with at least one answer. */
  readonly matched: number
  /** Requests with no answer in either file. */
  readonly missing: number
  /** Answer rows whose id no request has. */
  readonly unknown: number
  /** Rows that repeat an id already seen in the same file, over all three files. */
  readonly duplicate: number
  /** Requests with answers in both files. */
  readonly inBoth: number
  /** Lines, over all three files, that are not rows. */
  readonly unreadable: number
  /** Requests answered by two different successes. */
  readonly conflicting: number
}

export type SubmitResult =
  | { readonly type: 'submitted'; readonly batchId: string }
  /**
   * The server has no room for this many tokens at the moment; costs no attempt. `refusal` is `null` where it was not
   * asked again yet.
   */
  | { readonly type: 'no-room'; readonly problem: Problem; readonly refusal?: Refusal | null }
  /** Somebody cancelled it, and no batch was ever made of it. */
  | { readonly type: 'given-up' }
  | { readonly type: 'offline' }

export type OnlineVerdict =
  | {
      readonly type: 'still-processing'
      readonly remoteStatus: string
      readonly requestCounts?: ReportedCounts | null
    }
  /** The batch has ended and its metadata names files that are not here. */
  | { readonly type: 'files-ready'; readonly remoteStatus: string }
  /**
   * The batch has ended, yet does not name all files it must have; servers publish late, so it is looked at again.
   * `mayStillCome`: it ended a short while ago, and going on without these files could lose answers.
   */
  | {
      readonly type: 'not-published'
      readonly remoteStatus: string
      readonly requestCounts?: ReportedCounts | null
      readonly mayStillCome?: boolean
    }
  /** The batch has ended and every file it names is here. */
  | {
      readonly type: 'nothing-more'
      readonly remoteStatus: string
      readonly requestCounts?: ReportedCounts | null
    }
  /** The server refused the whole input for want of room; the same input is to be submitted again. */
  | { readonly type: 'no-room'; readonly problem: Problem; readonly refusal?: Refusal | null }
  | { readonly type: 'ended-badly'; readonly remoteStatus: string; readonly problem: Problem }
  /** No server is configured in this run. */
  | { readonly type: 'offline' }

interface Counted {
  readonly counts: AccountingCounts
  /** What the answers took; absent where nobody counted that. */
  readonly tokens?: TokenTotals
}

export type CheckVerdict =
  | (Counted & {
      readonly type: 'accounted'
      /** Requests a batch that was cut short never executed; they are among `counts.missing`. */
      readonly notExecuted: number
    })
  | (Counted & { readonly type: 'ids-missing'; readonly problem: Problem })
  | (Counted & { readonly type: 'mismatch'; readonly problem: Problem })

export interface ProcessResult {
  readonly rows: RowCounts
}

export interface RetryResult {
  /** Index of the triple that will try the failed requests again; `null` when there was nothing to send. */
  readonly retryIndex: string | null
  /** All of them, when the requests go on in several parts. */
  readonly retryIndices?: readonly string[]
  readonly requests: number
}
