import { reconciliationError, type BatchReconciliationError } from '../../errors.js'
import type { FindQuery, FoundBatches, RemoteBatch } from '../batch-provider.js'
import type { Connection } from './connection.js'
import { listBatches, pageSize, type BatchPage } from './list-batches.js'
import { newestFirst, type NewestFirst } from './newest-first.js'
import { hostOf } from './quirks.js'

/**
 * How far the clocks behind one server may be apart: files and batches are kept by different services. It only costs
 * pages that need not have been read.
 */
export const serverSkewMs = 60 * 60 * 1000

/** More pages than this are not read; at the highest allowed rate of creation they reach back ten hours. */
export const maxPages = 200

/**
 * The batches that were created for one submission, newest first. Each upload has an id of its own, so the id names
 * the batch even on servers that drop its metadata; the metadata names it on servers that drop the id.
 *
 * An empty answer means that there is none, and a caller pays on the strength of it. So it rejects with
 * `SubmissionAmbiguous` when nothing was found but not everything was shown.
 */
export async function findBatches(
  connection: Connection,
  query: FindQuery,
  signal: AbortSignal,
): Promise<FoundBatches> {
  const boundMs = query.uploadedAtMs === null ? null : query.uploadedAtMs - serverSkewMs
  const order = newestFirst()
  const found: RemoteBatch[] = []
  let serverNowMs: number | null = null
  let pages = 0
  let isWholeRead = false
  let doubt: string | null = null
  for await (const page of listBatches(connection, signal, () => found.length > 0)) {
    pages += 1
    // The first page is the one a new batch appears on, so its time is that of the look.
    if (pages === 1) serverNowMs = page.serverTimeMs
    found.push(...page.batches.filter((batch) => isMeant(batch, query)))
    doubt ??= doubtAbout(page, query, boundMs)
    const isPast = isAllOlder(page, boundMs, order)
    isWholeRead = isPast || page.continuation === 'end'
    if (isPast || pages === maxPages) break
  }
  if (!isWholeRead) doubt ??= whyNotWhole(pages)
  if (found.length === 0 && doubt !== null) throw inconclusive(connection, query, doubt)
  return { batches: found, serverNowMs }
}

function isMeant({ inputFileId, metadata }: RemoteBatch, query: FindQuery): boolean {
  return (
    inputFileId === query.inputFileId || (query.intentKey !== null && intentOf(metadata) === query.intentKey)
  )
}

const intentOf = (metadata: RemoteBatch['metadata']): string | null => metadata['intent_key'] ?? null

/** Why a page without a match may still hold the batch; `null` when it cannot. */
function doubtAbout(
  { batches, unreadable }: BatchPage,
  query: FindQuery,
  boundMs: number | null,
): string | null {
  if (mentions(unreadable, query)) return 'an entry of the list names the file, but is no batch object'
  const nameless = batches.find(
    ({ inputFileId, metadata, createdAtMs }) =>
      // Somebody's who speaks of intents as we do, and of another one.
      inputFileId === null && intentOf(metadata) === null && !isOlder(createdAtMs, boundMs),
  )
  return nameless === undefined ? null : `${nameless.batchId} does not say which file it was made from`
}

function mentions(values: readonly unknown[], { inputFileId, intentKey }: FindQuery): boolean {
  const rest: unknown[] = [...values]
  // Not by recursion: what a server nests is not bounded by our stack.
  while (rest.length > 0) {
    const value = rest.pop()
    if (value !== null && (value === inputFileId || value === intentKey)) return true
    if (typeof value !== 'object' || value === null) continue
    for (const [name, inner] of Object.entries(value)) rest.push(name, inner)
  }
  return false
}

const isOlder = (atMs: number | null, boundMs: number | null): boolean =>
  atMs !== null && boundMs !== null && atMs < boundMs

/** What follows is older still, where the list visibly goes from newer to older. */
export function isAllOlder({ batches }: BatchPage, boundMs: number | null, order: NewestFirst): boolean {
  order.add(batches.map(({ createdAtMs }) => createdAtMs))
  return (
    order.isShown() && batches.length > 0 && batches.every(({ createdAtMs }) => isOlder(createdAtMs, boundMs))
  )
}

export const whyNotWhole = (pages: number): string =>
  pages === maxPages
    ? `it has more than ${maxPages} pages`
    : `its pages repeat themselves or promise more than they show (${pages} read), so what lies beyond cannot be seen`

function inconclusive({ client }: Connection, query: FindQuery, why: string): BatchReconciliationError {
  const host = hostOf(client.baseURL)
  const { inputFileId } = query
  return reconciliationError({
    code: 'SubmissionAmbiguous',
    message: `The list of batches of ${host} does not show whether one was made from upload ${inputFileId}: ${why}.`,
    hint: 'Nothing is sent again until the list shows it. Look the batch up on the server and adopt it by its id.',
    isPassing: true,
    facts: { host, inputFileId, pageSize, why },
  })
}
