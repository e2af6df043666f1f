import { isEndedStatus } from '../../../machines/index.js'
import type { UploadQuery, UploadUse } from '../batch-provider.js'
import type { Connection } from './connection.js'
import { isAllOlder, maxPages, serverSkewMs, whyNotWhole } from './find.js'
import { listBatches } from './list-batches.js'
import { newestFirst } from './newest-first.js'

/**
 * Which of the uploads a batch is still being made of, whoever made it. Reads the list of batches back to the oldest of
 * them; where it cannot be shown to be whole, or an open batch does not name its upload, that is said as a doubt.
 */
export async function uploadsInUse(
  connection: Connection,
  { fileIds, uploadedAtMs }: UploadQuery,
  signal: AbortSignal,
): Promise<UploadUse> {
  const asked = new Set(fileIds)
  const inUse = new Set<string>()
  const boundMs = uploadedAtMs === null ? null : uploadedAtMs - serverSkewMs
  const order = newestFirst()
  let pages = 0
  let isWhole = false
  let doubt: string | null = null
  // A page that says it is the last one is not believed: a file that is deleted is gone.
  for await (const page of listBatches(connection, signal, () => false)) {
    pages += 1
    for (const { batchId, status, inputFileId } of page.batches) {
      if (isEndedStatus(status)) continue
      if (inputFileId === null) doubt ??= `${batchId} is open and does not say which file it was made from`
      else if (asked.has(inputFileId)) inUse.add(inputFileId)
    }
    if (page.unreadable.length > 0) doubt ??= 'an entry of the list is no batch object'
    const isPast = isAllOlder(page, boundMs, order)
    isWhole = isPast || page.continuation === 'end'
    if (isPast || pages === maxPages) break
  }
  if (!isWhole) doubt ??= whyNotWhole(pages)
  return { inUse, doubt }
}
