import { beginDurableFile, type DurableFile } from '../../workspace/durable-write.js'
import type { FileSystem } from '../../workspace/file-system.js'
import { findMember } from '../json-text/top-level-member.js'
import { chunked } from './chunked.js'
import { readRowsOf } from './chosen-rows.js'
import type { RowFate } from './row-fate.js'
import type { RowTable } from './row-table.js'
import { originalRowField, type AttemptRow } from './stored-rows.js'

export interface FailedItemsRequest {
  readonly fs: FileSystem
  readonly attemptRowsPath: string
  /** Where its rows stand, when that is known. */
  readonly attemptRows?: RowTable | null | undefined
  /** `failed-items/batch_failed_<index>.jsonl`. */
  readonly targetPath: string
}

/**
 * Writes one line for each row that is no success and is not sent again, with the server's own line where it is small.
 * Nothing is written when there is none. Repeating it gives the same file.
 *
 * @returns how many rows failed for good
 */
export async function writeFailedItems(request: FailedItemsRequest): Promise<number> {
  let rows = 0
  let file: DurableFile | null = null
  try {
    for await (const chunk of chunked(failedLines(request, () => (rows += 1)))) {
      file ??= await beginDurableFile(request.fs, request.targetPath)
      await file.write(chunk)
    }
  } catch (error) {
    await file?.abort()
    throw error
  }
  await file?.commit()
  return rows
}

async function* failedLines(
  { fs, attemptRowsPath, attemptRows = null }: FailedItemsRequest,
  onRow: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { row, bytes } of readRowsOf(fs, attemptRowsPath, attemptRows, hasFailedForGood)) {
    onRow()
    yield Buffer.from(`${failedItem(row, bytes)}\n`)
  }
}

function hasFailedForGood({ rowClass, isRetried }: RowFate): boolean {
  return rowClass !== 'success' && !isRetried
}

/** The server's line is copied as text: it says what it said, whatever its numbers are. */
function failedItem(row: AttemptRow, bytes: Buffer): string {
  const { custom_id, outcome, error, attempt, source } = row
  const item = JSON.stringify({ custom_id, outcome, error, attempt, source })
  const original = originalText(bytes)
  return original === null ? item : `${item.slice(0, -1)},"row":${original}}`
}

function originalText(bytes: Buffer): string | null {
  // As Latin-1, positions in the text are positions in the bytes.
  const member = findMember(bytes.toString('latin1'), originalRowField)
  return member === null ? null : bytes.toString('utf8', member.valueStart, member.end)
}
