import { beginDurableFile, type DurableFile } from '../../workspace/durable-write.js'
import type { FileSystem } from '../../workspace/file-system.js'
import { chunked } from './chunked.js'
import { readAttemptRows, type AttemptRow } from './stored-rows.js'

export interface FailedItemsRequest {
  readonly fs: FileSystem
  readonly attemptRowsPath: string
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
  { fs, attemptRowsPath }: FailedItemsRequest,
  onRow: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const row of readAttemptRows(fs, attemptRowsPath)) {
    if (row.outcome === 'success' || row.retry !== undefined) continue
    onRow()
    yield Buffer.from(`${JSON.stringify(failedItem(row))}\n`)
  }
}

function failedItem(row: AttemptRow): Record<string, unknown> {
  const { custom_id, outcome, error, attempt, source, original_row } = row
  const item = { custom_id, outcome, error, attempt, source }
  return original_row === undefined ? item : { ...item, row: original_row }
}
