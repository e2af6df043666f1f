import { isBatchReconciliationError } from '../../errors.js'
import type { RemoteBatch } from '../batch-provider.js'
import { listBatchesCall } from './calls.js'
import { callServer, contextOf, secretsOf, type Connection } from './connection.js'
import { serverTimeMs } from './headers.js'
import { normaliseBatch } from './normalise-batch.js'
import { unusableAnswer } from './server-errors.js'

/** The most that servers hand out at once (OpenAI API reference, "List batches"). */
export const pageSize = 100

export interface BatchPage {
  /** Newest first on every server seen; no document promises it. */
  readonly batches: readonly RemoteBatch[]
  /** Entries that are no batch objects, as they came. */
  readonly unreadable: readonly unknown[]
  /**
   * `more`: there may be another page. `end`: the server has shown everything, it says so or had nothing more to
   * show. `stuck`: it repeats itself, so what lies beyond cannot be seen, however short its pages are.
   */
  readonly continuation: 'more' | 'end' | 'stuck'
  /** When the server made the page, by its own clock; `null` when it does not say. */
  readonly serverTimeMs: number | null
}

/** Whether a page that says it is the last one may be the last one read. */
export type TrustsEnd = () => boolean

/**
 * The project's batches page by page. The SDK's own paging is not used: it takes a page of HTML for an empty list,
 * stops when `has_more` is missing, and never stops when a server ignores `after`.
 *
 * Some servers say `has_more: false` on every page. Where `trustsEnd` says so, the page after the last one is asked
 * for all the same: what it shows is read, and what it does not show changes nothing.
 */
export async function* listBatches(
  connection: Connection,
  signal: AbortSignal,
  trustsEnd: TrustsEnd = () => true,
): AsyncGenerator<BatchPage, void, void> {
  const seen = new Set<string>()
  let after: string | null = null
  let hasClaimedEnd = false
  for (let isFirst = true; ; isFirst = false) {
    const page = await nextPage(connection, after, hasClaimedEnd, signal)
    const fresh = page.entries.filter(({ id }) => id === null || !seen.has(id))
    const last = page.entries.at(-1)?.id ?? null
    const isRepeated = !isFirst && fresh.every(({ id }) => id === null)
    for (const { id } of fresh) if (id !== null) seen.add(id)
    const continuation = continuationOf(page, isRepeated, last, hasClaimedEnd)
    yield { ...sorted(fresh, secretsOf(connection)), continuation, serverTimeMs: page.serverTimeMs }
    if (continuation === 'stuck' || isRepeated || page.entries.length === 0) return
    if (continuation === 'end' && trustsEnd()) return
    hasClaimedEnd = continuation === 'end'
    after = last
  }
}

/** A server need not know a page behind the last one. */
async function nextPage(
  connection: Connection,
  after: string | null,
  hasClaimedEnd: boolean,
  signal: AbortSignal,
): Promise<Page> {
  try {
    return await fetchPage(connection, after, signal)
  } catch (error) {
    if (!hasClaimedEnd || !isBatchReconciliationError(error) || error.code !== 'RequestRefused') throw error
    return { entries: [], hasMore: false, serverTimeMs: null }
  }
}

interface Entry {
  readonly id: string | null
  readonly value: unknown
}

interface Page {
  readonly entries: readonly Entry[]
  /** `null` when the server does not say. */
  readonly hasMore: boolean | null
  readonly serverTimeMs: number | null
}

/** An empty page that promises more, and one that repeats what was seen, show nothing of what lies beyond. */
function continuationOf(
  { entries, hasMore }: Page,
  isRepeated: boolean,
  last: string | null,
  hasClaimedEnd: boolean,
): BatchPage['continuation'] {
  if (entries.length === 0) return hasMore === true ? 'stuck' : 'end'
  if (isRepeated) return hasClaimedEnd ? 'end' : 'stuck'
  if (hasMore === false) return 'end'
  return last === null ? 'stuck' : 'more'
}

function sorted(
  entries: readonly Entry[],
  secrets: readonly string[],
): Pick<BatchPage, 'batches' | 'unreadable'> {
  const read = entries.map(({ value }) => ({ value, batch: normaliseBatch(value, secrets) }))
  return {
    batches: read.flatMap(({ batch }) => batch ?? []),
    unreadable: read.flatMap(({ value, batch }) => (batch === null ? [value] : [])),
  }
}

async function fetchPage(connection: Connection, after: string | null, signal: AbortSignal): Promise<Page> {
  const call = listBatchesCall({ limit: pageSize, ...(after === null ? {} : { after }) })
  const { data, headers } = await callServer(connection, call, signal)
  const page = pageOf(data)
  if (page === null) throw unusableAnswer(contextOf(connection, call), 'something that is no list of batches')
  return { ...page, serverTimeMs: serverTimeMs(headers) }
}

function pageOf(answer: unknown): Omit<Page, 'serverTimeMs'> | null {
  if (typeof answer !== 'object' || answer === null) return null
  const { data, object, has_more } = answer as Readonly<Record<string, unknown>>
  // Some servers written in Go send `null` for an empty list.
  const list: unknown = data === null && object === 'list' ? [] : data
  if (!Array.isArray(list)) return null
  return { entries: list.map(entryOf), hasMore: typeof has_more === 'boolean' ? has_more : null }
}

function entryOf(value: unknown): Entry {
  if (typeof value !== 'object' || value === null) return { id: null, value }
  const { id } = value as Readonly<Record<string, unknown>>
  return { id: typeof id === 'string' && id !== '' ? id : null, value }
}
