import type { RawJson } from '../../accounting/json-text/raw-json.js'

/**
 * What stands in a column of an export, whatever its rows hold: `json` is JSON as text, `floats` a list of numbers of
 * single precision. Nothing but `null` stands beside.
 */
export type ColumnType = 'text' | 'json' | 'integer' | 'number' | 'boolean' | 'floats'

/** One value of a table. `RawJson` is JSON that is written as it was read, digit for digit. */
export type Cell = string | bigint | number | boolean | RawJson | null

export interface ColumnShape {
  readonly name: string
  readonly type: ColumnType
  /** No row is without a value. */
  readonly isRequired: boolean
}

/** Takes a table row by row, in the order of its columns, and hands on the bytes of a file. */
export interface TableWriter {
  write(rows: readonly (readonly Cell[])[]): Promise<void>
  /** What is left, such as the end of the file. To be called once, at the end. */
  finish(): Promise<void>
}

/** Gets the bytes of a file, one piece after the other; they are its caller's again once it resolves. */
export type ByteSink = (bytes: Uint8Array) => Promise<void>
