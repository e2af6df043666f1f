import { isBatchReconciliationError } from '../../errors.js'
import type { RecentBatch, RecentQuery } from '../batch-provider.js'
import { listFilesCall } from './calls.js'
import { callServer, type Connection } from './connection.js'
import { listBatches, type BatchPage } from './list-batches.js'
import { timeOf } from './normalise-batch.js'

/** More pages of batches than this are not read. */
const maxPages = 10

/** The most that a server hands out at once (OpenAI API reference, "List files"). */
const mostFiles = 10_000

/**
 * The batches that were made last, newest first: one page of them, and where an upload of one of the sizes is listed as
 * many as it takes to come to its batches, ten at most. Two calls, as a rule.
 */
export async function recentBatches(
  connection: Connection,
  { inputBytes }: RecentQuery,
  signal: AbortSignal,
): Promise<readonly RecentBatch[]> {
  const sizes = new Set(inputBytes)
  const uploads = await listUploads(connection, signal)
  const alike = [...uploads.values()].filter(({ bytes }) => sizes.has(bytes))
  const unseen = new Set(alike.map(({ id }) => id))
  const oldestMs = alike.reduce((oldest, { createdAtMs }) => Math.min(oldest, createdAtMs ?? 0), Infinity)
  const recent: RecentBatch[] = []
  let pages = 0
  for await (const page of listBatches(connection, signal)) {
    pages += 1
    for (const batch of page.batches) {
      const { inputFileId } = batch
      recent.push({ batch, inputBytes: (inputFileId && uploads.get(inputFileId)?.bytes) || null })
      if (inputFileId !== null) unseen.delete(inputFileId)
    }
    if (unseen.size === 0 || pages === maxPages || isOlder(page, oldestMs)) break
  }
  return recent
}

/** No batch is older than its upload. */
const isOlder = ({ batches }: BatchPage, uploadedAtMs: number): boolean =>
  batches.every(({ createdAtMs }) => createdAtMs !== null && createdAtMs < uploadedAtMs)

interface Upload {
  readonly id: string
  readonly bytes: number
  readonly createdAtMs: number | null
}

/** By their ids; none where the server has no such list. */
async function listUploads(
  connection: Connection,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Upload>> {
  if (!connection.quirks.reportsFileBytes) return new Map()
  try {
    const { data } = await callServer(
      connection,
      listFilesCall({ purpose: 'batch', limit: mostFiles }),
      signal,
    )
    return new Map(filesIn(data).map((upload) => [upload.id, upload]))
  } catch (error) {
    if (isBatchReconciliationError(error) && error.code === 'RequestRefused') return new Map()
    throw error
  }
}

function filesIn(answer: unknown): readonly Upload[] {
  const list = typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : null
  return Array.isArray(list) ? list.slice(0, mostFiles).flatMap(uploadOf) : []
}

function uploadOf(value: unknown): readonly Upload[] {
  if (typeof value !== 'object' || value === null) return []
  const { id, bytes, created_at: createdAt } = value as Readonly<Record<string, unknown>>
  if (typeof id !== 'string' || typeof bytes !== 'number') return []
  return [{ id, bytes, createdAtMs: timeOf(createdAt) }]
}
