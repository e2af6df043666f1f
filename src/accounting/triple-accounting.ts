import type { AccountingCounts, Problem, RowClass } from '../../machines/index.js'
import type { Usage } from './usage/usage-tally.js'

export type { AccountingCounts }

/** The three files of a triple that hold rows. */
export type RowFileKind = 'input' | 'output' | 'error'

/** A row to look at. `id` is cut to 100 characters; `at` reads `batch_output_7.jsonl:12`. */
export interface RowSample {
  readonly id: string | null
  readonly at: string
}

/** What a sample list is kept for. */
export const sampleTopics = [
  'missing',
  'unknown',
  'duplicate',
  'inBoth',
  'unreadable',
  'conflicting',
  'unrecognised',
] as const
export type SampleTopic = (typeof sampleTopics)[number]

/** At most five rows per topic. A missing request is shown at its input line, one whose answer is not understood at it. */
export type AccountingSamples = Readonly<Record<SampleTopic, readonly RowSample[]>>

/** One file as it was read, from first byte to last. */
export interface AccountedFile {
  readonly kind: RowFileKind
  readonly name: string
  readonly path: string
  readonly bytes: number
  /** Lower-case hex, over every byte of the file. */
  readonly sha256: string
  /** Which file it was when its last byte was read (`FileStat`); `null` where only the hash can tell. */
  readonly identity: string | null
  /** Lines that are not blank. */
  readonly lines: number
  readonly rows: number
  /** What it looks like, when lines of it could not be read and a known way of writing them fits. */
  readonly dialect: FoundDialect | null
}

/** A foreign way of writing that was recognised in a file, and how to turn the file into rows. */
export interface FoundDialect {
  /** Reads behind "looks like". */
  readonly name: string
  /** A sentence without its full stop; has the path of the file in it. */
  readonly cure: string
}

/** A line nobody could read, and why. `offset` and `length` in bytes. */
export interface UnreadableLine {
  readonly kind: RowFileKind
  readonly path: string
  readonly line: number
  readonly offset: number
  readonly length: number
  readonly reason: string
}

/**
 * `balanced`: every request has exactly one answer that counts.
 * `balanced-with-missing`: so too, but for requests the server never executed (the batch expired or was cancelled),
 * or whose missing answers somebody accepted.
 * `ids-missing`: nothing is wrong but that answers are missing; the server may have more than what is here.
 * `mismatch`: a person has to look.
 */
export type AccountingVerdict =
  | { readonly type: 'balanced' }
  | { readonly type: 'balanced-with-missing' }
  | { readonly type: 'ids-missing'; readonly problem: Problem }
  | { readonly type: 'mismatch'; readonly problem: Problem }

/** How many requests have an answer of each class. */
export type AnswerOutcomes = Readonly<Record<RowClass, number>>

/** What a person takes as it is (`accept`), so that the triple goes on. */
export interface AcceptedFaults {
  /** Rows that are not understood stay so. */
  readonly unrecognised: boolean
  /** Missing answers stay missing. */
  readonly missing: boolean
  /** Which of two different successes counts, in the order of output, then error file. */
  readonly keep: 'first' | 'last' | null
}

export const nothingAccepted: AcceptedFaults = { unrecognised: false, missing: false, keep: null }

/** The proof that every request of a triple is accounted for, or what is wrong with it. Bounded, serialisable. */
export interface TripleAccounting {
  readonly index: string
  readonly counts: AccountingCounts
  /** Of the matched requests, by the answer that counts. */
  readonly answers: { readonly succeeded: number; readonly failed: number }
  /** The same by class, as `judgeAnswer` has it: the content is not looked at, so none is `rejected`. */
  readonly outcomes: AnswerOutcomes
  /** What somebody decided about this triple, and the verdict goes by. */
  readonly accepted: AcceptedFaults
  /** The tokens of all answers, good or not. */
  readonly usage: Usage
  readonly samples: AccountingSamples
  readonly files: readonly AccountedFile[]
  /** At most 10,000; `counts.unreadable` has all. */
  readonly unreadableLines: readonly UnreadableLine[]
  /** Oddities that do not stand in the way, at most 20 sentences. */
  readonly warnings: readonly string[]
  readonly verdict: AccountingVerdict
}
