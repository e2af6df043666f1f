import type { ScannedKind } from './field-roles.js'

/**
 * Looks through whole lines at once: which of them are rows that `JSON.parse` takes, what their pattern is, and where
 * in them stands what differs from row to row. It never says yes to a line that is no valid row, but for one thing: that
 * the bytes are UTF-8 is for the caller to see. A line that it is not sure of it leaves to others (`docs/fast-path.md`).
 */
export interface LineScanner {
  /**
   * Scans lines from `from` on, and gives the number of rows it found. Ends at `to`, at a line that goes on behind it,
   * at a line that is not plain, or where there is no room for more rows.
   */
  scan(bytes: Uint8Array, from: number, to: number, kind: ScannedKind, maxRows?: number): number
  /** Beginning of the first line that the last scan left out: an offset in its bytes. */
  readonly position: number
  readonly stop: ScanStop
  /** Lines before the position, blank ones and all. */
  readonly lines: number
  /** The rows found: `rowFields` numbers each; the offsets are from `from`. Overwritten by the next scan. */
  readonly rows: Uint32Array
  /** The holes found: `holeFields` numbers each. Overwritten by the next scan. */
  readonly holes: Uint32Array
  /** Keeps the pattern of the row that was scanned last; gives its number from 1, or 0 when it keeps no more. */
  learn(): number
  /** Knows no pattern any more; their numbers are given out anew. */
  forget(): void
  /**
   * Copies a JSON string, quotes and all, as `JSON.stringify` writes what it means; gives where the copy ends. It is
   * never longer. What the last scan found stays as it is.
   */
  copyStringified(bytes: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number
}

/**
 * Why a scan ended: what is left has no line feed, there may be more but not in this scan, or the line at the position
 * is whole and not plain.
 */
export const scanStops = ['no-more-lines', 'full', 'not-plain'] as const
export type ScanStop = (typeof scanStops)[number]

/** Numbers of a row. */
export const rowFields = {
  start: 0,
  /** Where its line feed stands. */
  end: 1,
  /** Lines before it in this scan. */
  line: 2,
  idStart: 3,
  idEnd: 4,
  /** `hashOfBytes` of it. */
  idHash: 5,
  /** 0: not known. */
  pattern: 6,
  /** Its first hole, and the one behind its last. */
  firstHole: 7,
  endHole: 8,
  /** 1: the id has escapes, and is not what its bytes are. */
  isIdEscaped: 9,
  count: 10,
} as const

/** Numbers of a hole: where the JSON text of a value begins and ends, and what has to be known to copy it. */
export const holeFields = { start: 0, end: 1, flags: 2, count: 3 } as const

export const holeFlags = {
  /** It has an escape that `JSON.stringify` writes in another way. */
  hasStrangeEscapes: 1,
  /** White space stands between its tokens. */
  hasSpaces: 2,
} as const

/** The most rows that one scan finds. */
export const maxRowsOfScan = 256
