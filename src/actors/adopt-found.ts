import { adoptionRankOf, canBeCancelled } from '../../machines/index.js'
import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'
import type { TripleDependencies } from './dependencies.js'

/** Several batches of one upload are all paid for. The one that got furthest is taken. */
export async function adoptFound(
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
