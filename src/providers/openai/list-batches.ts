import type { RemoteBatch } from '../batch-provider.js'
import { callServer, contextOf, type Connection } from './connection.js'
import { normaliseBatch } from './normalise-batch.js'
import { unusableAnswer } from './server-errors.js'

/** The most that servers hand out at once (OpenAI API reference, "List batches"). */
export const pageSize = 100

/** What servers hand out at least; a shorter page holds all there is, whatever `has_more` says. */
const smallestPageSize = 20

export interface BatchPage {
  /** Newest first on every server seen; no document promises it. */
  readonly batches: readonly RemoteBatch[]
  /** Entries that are no batch objects, as they came. */
  readonly unreadable: readonly unknown[]
  /**
   * `more`: there may be another page. `end`: the server has shown everything. `stuck`: it repeats itself, so
   * what lies beyond cannot be seen.
   */
  readonly continuation: 'more' | 'end' | 'stuck'
}

/**
 * The project's batches page by page. The SDK's own paging is not used: it takes a page of HTML for an empty list,
 * stops when `has_more` is missing, and never stops when a server ignores `after`.
 */
export async function* listBatches(
  connection: Connection,
  signal: AbortSignal,
): AsyncGenerator<BatchPage, void, void> {
  const seen = new Set<string>()
  let after: string | null = null
  for (;;) {
    const page = await fetchPage(connection, after, signal)
    const fresh = page.entries.filter(({ id }) => id === null || !seen.has(id))
    const last = page.entries.at(-1)?.id ?? null
    const isRepeated = fresh.every(({ id }) => id === null)
    for (const { id } of fresh) if (id !== null) seen.add(id)
    const continuation = continuationOf(page, isRepeated, last)
    yield { ...sorted(fresh), continuation }
    if (continuation !== 'more') return
    after = last
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
}

function continuationOf(
  { entries, hasMore }: Page,
  isRepeated: boolean,
  last: string | null,
): BatchPage['continuation'] {
  if (entries.length === 0 || hasMore === false) return 'end'
  if (isRepeated || last === null) return entries.length < smallestPageSize ? 'end' : 'stuck'
  return hasMore === true || entries.length >= pageSize ? 'more' : 'end'
}

function sorted(entries: readonly Entry[]): Pick<BatchPage, 'batches' | 'unreadable'> {
  const batches = entries.flatMap(({ value }) => normaliseBatch(value) ?? [])
  const unreadable = entries.flatMap(({ value }) => (normaliseBatch(value) === null ? [value] : []))
  return { batches, unreadable }
}

async function fetchPage(connection: Connection, after: string | null, signal: AbortSignal): Promise<Page> {
  const query = { limit: pageSize, ...(after === null ? {} : { after }) }
  const answer = await callServer(connection, 'batches.list', signal, (options) =>
    connection.client.get<unknown>('/batches', { query, ...options }),
  )
  const page = pageOf(answer)
  if (page === null)
    throw unusableAnswer(contextOf(connection, 'batches.list'), 'something that is no list of batches')
  return page
}

function pageOf(answer: unknown): Page | null {
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
