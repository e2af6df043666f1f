import { adoptionRankOf, canBeCancelled } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'
import type { SubmissionIntent } from '../workspace/metadata.js'
import type { TripleDependencies } from './dependencies.js'

/** Lists may lag behind creations; a batch that is not listed after this long was never made, in milliseconds. */
export const settleWindowMs = 120_000

/** Looks while the window is open, spread evenly. */
const looksInWindow = 4

interface EarlierTry {
  readonly index: string
  readonly submission: SubmissionIntent | null | undefined
}

/**
 * The batch an earlier try may have made: searched for by the id of its upload, which no other batch has but those
 * the server had no room for. `null`
 * when there was no such try, or when the list shows nothing after the settle window. Until then it rejects with
 * `SubmissionAmbiguous`, which passes.
 */
export async function findEarlierBatch(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  { index, submission }: EarlierTry,
  signal: AbortSignal,
): Promise<RemoteBatch | null> {
  const inputFileId = submission?.input_file_id ?? null
  const askedAtMs = submission?.asked_at_ms ?? null
  if (inputFileId === null || askedAtMs === null) return null
  const refusedIds = new Set(submission?.refused_batch_ids)
  const listed = await provider.find({ inputFileId, createdAfterMs: askedAtMs }, signal)
  const found = listed.filter(({ batchId }) => !refusedIds.has(batchId))
  if (found.length > 0) return adopt(dependencies, provider, index, found, signal)
  const remainingMs = askedAtMs + settleWindowMs - dependencies.clock.now()
  if (remainingMs <= 0) return null
  throw reconciliationError(
    {
      code: 'SubmissionAmbiguous',
      message: `The batch of triple ${index} may or may not have been created; the server's list does not show it yet.`,
      hint: `It is searched for again, and sent anew only when it does not appear within ${settleWindowMs / 1000} seconds.`,
      isPassing: true,
      retryAfterMs: Math.min(remainingMs, settleWindowMs / looksInWindow),
      facts: { index, inputFileId },
    },
    { index },
  )
}

/** Several batches of one upload are all paid for. The one that got furthest is taken. */
async function adopt(
  { report, cancelDuplicates }: TripleDependencies,
  provider: BatchProvider,
  index: string,
  found: readonly RemoteBatch[],
  signal: AbortSignal,
): Promise<RemoteBatch> {
  const [chosen, ...others] = found.toSorted(
    (left, right) => adoptionRankOf(right.status) - adoptionRankOf(left.status),
  )
  if (chosen === undefined) throw new Error('Nothing to adopt.')
  if (others.length === 0) {
    report({
      type: 'warning',
      index,
      message: `Batch ${chosen.batchId} was found at the server and adopted.`,
    })
    return chosen
  }
  const ids = others.slice(0, 5).map(({ batchId }) => batchId)
  const fate = cancelDuplicates ? 'They are cancelled.' : 'Cancel them, or allow it with cancelDuplicates.'
  const message = `Batch ${chosen.batchId} was adopted; ${others.length} more of the same upload exist: ${ids.join(', ')}. ${fate}`
  report({ type: 'warning', index, message })
  if (cancelDuplicates) await cancelAll(provider, others, signal)
  return chosen
}

async function cancelAll(
  provider: BatchProvider,
  batches: readonly RemoteBatch[],
  signal: AbortSignal,
): Promise<void> {
  for (const batch of batches) {
    if (canBeCancelled(batch.status)) await provider.cancel(batch.batchId, signal)
  }
}
