import type { Problem } from '../../machines/index.js'

/** The three files of a triple that hold rows. */
export type RowFileKind = 'input' | 'output' | 'error'

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
] as const
export type SampleTopic = (typeof sampleTopics)[number]

/** At most five rows per topic. A missing request is shown at its input line. */
export type AccountingSamples = Readonly<Record<SampleTopic, readonly RowSample[]>>

/** One file as it was read, from first byte to last. */
export interface AccountedFile {
  readonly kind: RowFileKind
  readonly name: string
  readonly path: string
  readonly bytes: number
  /** Lower-case hex, over every byte of the file. */
  readonly sha256: string
  /** Lines that are not blank. */
  readonly lines: number
  readonly rows: number
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
 * `balanced-with-missing`: so too, but for requests the server never executed (the batch expired or was cancelled).
 * `ids-missing`: nothing is wrong but that answers are missing; the server may have more than what is here.
 * `mismatch`: a person has to look.
 */
export type AccountingVerdict =
  | { readonly type: 'balanced' }
  | { readonly type: 'balanced-with-missing' }
  | { readonly type: 'ids-missing'; readonly problem: Problem }
  | { readonly type: 'mismatch'; readonly problem: Problem }

/** The proof that every request of a triple is accounted for, or what is wrong with it. Bounded, serialisable. */
export interface TripleAccounting {
  readonly index: string
  readonly counts: AccountingCounts
  /** Of the matched requests, by the answer that counts. */
  readonly answers: { readonly succeeded: number; readonly failed: number }
  readonly samples: AccountingSamples
  readonly files: readonly AccountedFile[]
  /** At most 10,000; `counts.unreadable` has all. */
  readonly unreadableLines: readonly UnreadableLine[]
  /** Oddities that do not stand in the way, at most 20 sentences. */
  readonly warnings: readonly string[]
  readonly verdict: AccountingVerdict
}
