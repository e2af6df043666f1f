/** Who may have a request sent again. */
export type RowRetry =
  /** The next attempt takes it, as long as there are attempts. */
  | 'by-itself'
  /** The user's policy is asked; a person can say so for all (`retry --all`). */
  | 'by-policy'
  /** A person asks (`retry`). */
  | 'when-asked'
  /** A person asks and names this kind of row (`retry --unrecognised`): its answer may stand in a file, and be paid for. */
  | 'only-when-named'
  | 'never'

/** Everything that is decided by what happened to a request. */
export interface RowClassTraits {
  /** What the class means, for people. */
  readonly words: string
  /** As totals name it, behind a number: `3 ok, 2 not executed`. */
  readonly inTotals: string
  /** The callback that gets the row. */
  readonly callback: 'processOutput' | 'processErrors'
  /** The server answered, or may have: to send the request again can pay for it twice. */
  readonly isAnswered: boolean
  /** Unless a rule about the row's own words says otherwise. */
  readonly mayRetry: RowRetry
  readonly countsAs: 'ok' | 'failed'
  /** Of two rows for one request the heavier counts; of two that weigh the same, the first. */
  readonly weight: number
}

/**
 * What can have happened to one request, and all that follows from it. Sums, lists, callbacks and words are made from
 * this record and from nothing else: a new class needs an answer for every trait before it compiles. The names are
 * the words of `outcome` in every file that is written, and never change.
 */
export const rowClassTraits = {
  success: {
    words: 'an answer that is whole and passed',
    inTotals: 'ok',
    callback: 'processOutput',
    isAnswered: true,
    mayRetry: 'never',
    countsAs: 'ok',
    weight: 5,
  },
  unproven: {
    words: 'an answer whose stop reason is unknown or missing, so nobody can say that it is whole',
    inTotals: 'unproven',
    callback: 'processOutput',
    isAnswered: true,
    mayRetry: 'by-policy',
    countsAs: 'failed',
    weight: 4,
  },
  semantic: {
    words: 'an answer that is cut, filtered, refused, empty or less than was asked for',
    inTotals: 'semantic',
    callback: 'processOutput',
    isAnswered: true,
    mayRetry: 'by-policy',
    countsAs: 'failed',
    weight: 3,
  },
  rejected: {
    words: 'an answer that the expected content type, the schema or a callback turned down',
    inTotals: 'rejected',
    callback: 'processErrors',
    isAnswered: true,
    mayRetry: 'by-policy',
    countsAs: 'failed',
    weight: 2,
  },
  unrecognised: {
    words: 'a row that nobody here can read: it may be the answer',
    inTotals: 'unrecognised',
    callback: 'processErrors',
    isAnswered: true,
    mayRetry: 'only-when-named',
    countsAs: 'failed',
    weight: 1,
  },
  'not-executed': {
    words: 'a request that the server never ran',
    inTotals: 'not executed',
    callback: 'processErrors',
    isAnswered: false,
    mayRetry: 'by-itself',
    countsAs: 'failed',
    weight: 0,
  },
  transient: {
    words: 'a failure that passes by itself',
    inTotals: 'transient',
    callback: 'processErrors',
    isAnswered: false,
    mayRetry: 'by-itself',
    countsAs: 'failed',
    weight: 0,
  },
  'needs-person': {
    words: 'a failure for want of money, quota or rights',
    inTotals: 'waiting for a person',
    callback: 'processErrors',
    isAnswered: false,
    mayRetry: 'when-asked',
    countsAs: 'failed',
    weight: 0,
  },
  permanent: {
    words: 'a failure that the same request meets again',
    inTotals: 'permanent',
    callback: 'processErrors',
    isAnswered: false,
    mayRetry: 'when-asked',
    countsAs: 'failed',
    weight: 0,
  },
} as const satisfies Readonly<Record<string, RowClassTraits>>

/** What happened to one request: a key of `rowClassTraits`. */
export type RowClass = keyof typeof rowClassTraits

/** Every class, in the order people are shown them. */
export const rowClasses = Object.keys(rowClassTraits) as [RowClass, ...RowClass[]]

/** The traits with their widest types, so that a comparison with any value of a trait compiles. */
export function traitsOf(rowClass: RowClass): RowClassTraits {
  return rowClassTraits[rowClass]
}

/** The classes that fit, in their order. */
export function rowClassesThat(fits: (traits: RowClassTraits) => boolean): readonly RowClass[] {
  return rowClasses.filter((rowClass) => fits(rowClassTraits[rowClass]))
}

type CamelCase<Text extends string> = Text extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Text

/** How many rows fell into each class: `not-executed` is counted as `notExecuted`. */
export type RowCounts = { readonly [Class in RowClass as CamelCase<Class>]: number } & {
  /** Rows that a new attempt sends again. */
  readonly retryable: number
}

/** The field of `RowCounts` that counts a class. */
export function countFieldOf<Class extends RowClass>(rowClass: Class): CamelCase<Class> {
  return countFields[rowClass] as CamelCase<Class>
}

/** Made once: every report of a triple asks for all of them. */
const countFields = Object.fromEntries(
  rowClasses.map((rowClass) => [
    rowClass,
    rowClass.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
  ]),
) as Readonly<Record<RowClass, CamelCase<RowClass>>>

/** Counts made from how many rows each class has. */
export function rowCountsFrom(counts: ReadonlyMap<RowClass, number>, retryable: number): RowCounts {
  const fields: Partial<Record<CamelCase<RowClass>, number>> = {}
  for (const rowClass of rowClasses) fields[countFields[rowClass]] = counts.get(rowClass) ?? 0
  return { ...(fields as Omit<RowCounts, 'retryable'>), retryable }
}

export const noRows: RowCounts = rowCountsFrom(new Map(), 0)

/** How many rows went well, or did not. */
export function sumOfRows(rows: RowCounts, countsAs: RowClassTraits['countsAs']): number {
  let sum = 0
  for (const rowClass of rowClasses) {
    if (rowClassTraits[rowClass].countsAs === countsAs) sum += rows[countFields[rowClass]]
  }
  return sum
}
