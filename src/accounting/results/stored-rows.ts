import { basename } from 'node:path'
import { reconciliationError } from '../../errors.js'
import { onFirstUse } from '../../on-first-use.js'
import type { FileSystem } from '../../workspace/file-system.js'
import { readLines } from '../line-reader.js'
import { asRecord, asText } from '../rows/json-record.js'
import type { ResultRow } from '../rows/result-row-schema.js'
import type { RowClass } from '../rows/row-class.js'

/**
 * A row of `logs/batch_rows_<index>.part.jsonl`: a result row, and for one that may end in `failed-items/` the
 * line as the server wrote it, under `original_row`.
 */
export type AttemptRow = ResultRow

/** Where that line stands in an attempt row, which is no part of a result. */
export const originalRowField = 'original_row'

/** One line of a file of rows. Offsets are in bytes; `endOffset` is behind the line feed. */
export type StoredLine =
  | { readonly type: 'header'; readonly sourceKey: string; readonly endOffset: number }
  | {
      readonly type: 'row'
      readonly row: AttemptRow
      /** As it stands in the file. The view lives until the next line is asked for. */
      readonly bytes: Buffer
      readonly offset: number
      readonly endOffset: number
    }
  | { readonly type: 'unreadable'; readonly number: number; readonly offset: number }

/** Reads a row back, once loaded; `null` when the text is none of our rows. */
export const loadRowParser = onFirstUse(
  async () => (await import('../rows/result-row-schema.js')).parseResultRow,
)

/** The first line of a file of attempt rows: which source files the rows were made from. */
export function headerText(sourceKey: string): string {
  return `${JSON.stringify({ schema_version: 1, source_key: sourceKey })}\n`
}

/**
 * The lines of a file of rows, in order; `unreadable` for what a crash left behind: half a line, a gap, NUL bytes.
 * Rejects with the system's error when the file cannot be read.
 */
export async function* readStoredLines(
  fs: FileSystem,
  path: string,
): AsyncGenerator<StoredLine, void, undefined> {
  const parseRow = await loadRowParser()
  for await (const lines of readLines(fs, path)) {
    for (const { number, offset, length, bytes, hasNewline, isTooLong } of lines) {
      const isWhole = hasNewline && !isTooLong
      const stored = isWhole ? parseStored(parseRow, bytes, offset, offset + length + 1) : null
      yield stored ?? { type: 'unreadable', number, offset }
    }
  }
}

/**
 * The rows of a file that no crash can have torn: results, or attempt rows once they were opened.
 *
 * @throws ReconciliationFailed at a line that is no row.
 */
export async function* readAttemptRows(
  fs: FileSystem,
  path: string,
): AsyncGenerator<AttemptRow, void, undefined> {
  for await (const { row } of readWholeRows(fs, path)) yield row
}

/** The same, with the bytes of each row. */
export async function* readWholeRows(
  fs: FileSystem,
  path: string,
): AsyncGenerator<Extract<StoredLine, { type: 'row' }>, void, undefined> {
  for await (const stored of readStoredLines(fs, path)) {
    if (stored.type === 'row') yield stored
    else if (stored.type === 'unreadable') throw unreadableRow(path, stored.number)
  }
}

/** Results of earlier versions call a row that nobody could read one that needs a person, by this code. */
export function classOfRow({ outcome, error }: Pick<ResultRow, 'outcome' | 'error'>): RowClass {
  return outcome === 'needs-person' && error?.code === 'unrecognised_row' ? 'unrecognised' : outcome
}

/** The problem of a line that should be a row and is not. */
export function unreadableRow(path: string, lineNumber: number): Error {
  return reconciliationError({
    code: 'ReconciliationFailed',
    message: `${basename(path)}:${lineNumber} is no row of results; every line must be one.`,
    hint: `Look at ${path}. Put back the file as it was, or move it away: rows that are missing are made again.`,
    needsPerson: true,
    facts: { path, line: lineNumber },
  })
}

function parseStored(
  parseRow: (text: string) => ResultRow | null,
  bytes: Buffer,
  offset: number,
  endOffset: number,
): StoredLine | null {
  const text = bytes.toString()
  const row = parseRow(text)
  if (row !== null) return { type: 'row', row, bytes, offset, endOffset }
  const sourceKey = offset === 0 ? parseHeader(text) : null
  return sourceKey === null ? null : { type: 'header', sourceKey, endOffset }
}

function parseHeader(text: string): string | null {
  try {
    return asText(asRecord(JSON.parse(text))?.['source_key'])
  } catch {
    return null
  }
}
