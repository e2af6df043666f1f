import { isBatchReconciliationError } from '../../errors.js'
import type { RemoteBatch, TellFailure } from '../batch-provider.js'
import type { Connection } from './connection.js'
import { listBatches, pageSize } from './list-batches.js'
import { isNoList, retrieveBatch } from './retrieve.js'

/** Batches that no page showed are asked for one by one, at most this many a call. */
const maxRetrieves = 20

/** Other people's newer batches may push ours down by this many pages before single calls are cheaper. */
const sparePages = 2

export type Statuses = ReadonlyMap<string, RemoteBatch | null>
export type AskStatuses = (
  batchIds: readonly string[],
  signal: AbortSignal,
  tellFailure?: TellFailure,
) => Promise<Statuses>

/**
 * Asks for many batches at once: one page of the list answers for up to 100 of them, so 1,000 waiting batches cost
 * about ten calls. What the pages do not show is retrieved, 20 a call, other ones each time; the rest has no entry
 * in the answer and is asked for again at the next poll. `null` stands for a batch the server does not know.
 *
 * Rejects only when nothing at all could be learnt, so that one bad batch or one late failure hides no other. What
 * went wrong with a single batch is told to `tellFailure`.
 */
export function createStatusPoller(connection: Connection): AskStatuses {
  let turn = 0
  return async (batchIds, signal, tellFailure) => {
    const statuses = new Map<string, RemoteBatch | null>()
    const wanted = new Set(batchIds)
    const isListWorking = wanted.size < 2 || (await readPages(connection, wanted, statuses, signal))
    const unseen = [...wanted].filter((batchId) => !statuses.has(batchId))
    if (!isListWorking || unseen.length === 0) return statuses
    const chosen = rotated(unseen, turn).slice(0, maxRetrieves)
    const tell = wanted.size < 2 ? undefined : tellFailure
    turn += await retrieveEach(connection, chosen, { statuses, tell }, signal)
    return statuses
  }
}

/** False when the list failed midway: what it showed stands, and the server is left alone until the next poll. */
async function readPages(
  connection: Connection,
  wanted: ReadonlySet<string>,
  statuses: Map<string, RemoteBatch | null>,
  signal: AbortSignal,
): Promise<boolean> {
  let pagesLeft = Math.ceil(wanted.size / pageSize) + sparePages
  try {
    for await (const { batches } of listBatches(connection, signal)) {
      const ours = batches.filter(({ batchId }) => wanted.has(batchId))
      for (const batch of ours) statuses.set(batch.batchId, batch)
      pagesLeft -= 1
      // A page with a hit cost no more than retrieving that batch would have, so it may be followed by another.
      if (statuses.size === wanted.size || (pagesLeft <= 0 && ours.length === 0)) break
    }
    return true
  } catch (error) {
    return isNoList(error) || continueWithout(error, statuses, signal)
  }
}

function continueWithout(error: unknown, statuses: Statuses, signal: AbortSignal): false {
  if (statuses.size === 0 || signal.aborted) throw error
  return false
}

/** What retrieving single batches brings. */
interface Findings {
  readonly statuses: Map<string, RemoteBatch | null>
  readonly tell: TellFailure | undefined
}

/**
 * Goes on behind a batch that fails: others may belong to another project, or be served by another machine. Only a
 * server that wants to be left alone is. Gives how many were asked for; the next call begins behind them.
 */
async function retrieveEach(
  connection: Connection,
  batchIds: readonly string[],
  { statuses, tell }: Findings,
  signal: AbortSignal,
): Promise<number> {
  let firstError: unknown = null
  let asked = 0
  let told = 0
  for (const batchId of batchIds) {
    asked += 1
    try {
      statuses.set(batchId, await retrieveBatch(connection, batchId, signal))
    } catch (error) {
      firstError ??= error
      if (signal.aborted || !isBatchReconciliationError(error)) throw error
      if (error.code === 'RateLimited') break
      if (tell === undefined) continue
      tell(batchId, error.problem)
      told += 1
    }
  }
  if (firstError !== null && statuses.size + told === 0) throw firstError
  return asked
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
