import { reconciliationError, type BatchReconciliationError } from '../../errors.js'
import type { FindQuery, RemoteBatch } from '../batch-provider.js'
import { contextOf, type Connection } from './connection.js'
import { listBatches, pageSize, type BatchPage } from './list-batches.js'

/** How far the clocks of the server and of this machine may be apart. */
const clockSkewMs = 10 * 60 * 1000

/** More pages than this are not read; at the highest allowed rate of creation they reach back ten hours. */
const maxPages = 200

/**
 * The batches that were created from one upload, newest first. Each upload has an id of its own, so the id names
 * the batch even on servers that drop its metadata.
 *
 * An empty answer means that there is none, and a caller pays on the strength of it. So it rejects with
 * `SubmissionAmbiguous` when nothing was found but not everything could be read.
 */
export async function findBatches(
  connection: Connection,
  query: FindQuery,
  signal: AbortSignal,
): Promise<readonly RemoteBatch[]> {
  const boundMs = query.createdAfterMs - clockSkewMs
  const found: RemoteBatch[] = []
  let pages = 0
  let isWholeRead = false
  let doubt: string | null = null
  for await (const page of listBatches(connection, signal)) {
    pages += 1
    found.push(...page.batches.filter(({ inputFileId }) => inputFileId === query.inputFileId))
    doubt ??= doubtAbout(page, query.inputFileId, boundMs)
    isWholeRead = page.continuation === 'end' || isBefore(page, boundMs)
    if (isWholeRead || pages === maxPages) break
  }
  if (!isWholeRead) doubt ??= `the list could not be read beyond page ${pages}`
  if (found.length === 0 && doubt !== null) throw inconclusive(connection, query, doubt)
  return found
}

/** Why a page without a match may still hold the batch; `null` when it cannot. */
function doubtAbout({ batches, unreadable }: BatchPage, inputFileId: string, boundMs: number): string | null {
  if (mentions(unreadable, inputFileId)) return 'an entry of the list names the file, but is no batch object'
  const nameless = batches.find(
    (batch) => batch.inputFileId === null && (batch.createdAtMs ?? boundMs) >= boundMs,
  )
  return nameless === undefined ? null : `${nameless.batchId} does not say which file it was made from`
}

function mentions(values: readonly unknown[], inputFileId: string): boolean {
  return values.some((value) => JSON.stringify(value).includes(JSON.stringify(inputFileId)))
}

/** The order is not documented: a page counts as the past only where it visibly goes from newer to older. */
function isBefore({ batches }: BatchPage, boundMs: number): boolean {
  const times = batches.map(({ createdAtMs }) => createdAtMs)
  const first = times[0] ?? null
  const last = times.at(-1) ?? null
  if (first === null || last === null || first <= last) return false
  return times.every((atMs) => atMs !== null && atMs < boundMs)
}

function inconclusive(connection: Connection, query: FindQuery, why: string): BatchReconciliationError {
  const { host } = contextOf(connection, 'batches.list')
  return reconciliationError({
    code: 'SubmissionAmbiguous',
    message: `Cannot tell whether ${host} has a batch for ${query.inputFileId}: ${why}.`,
    hint: 'Nothing is sent again until the list can be read. Look the batch up on the server and adopt it by its id.',
    isPassing: true,
    facts: { host, inputFileId: query.inputFileId, pageSize },
  })
}
