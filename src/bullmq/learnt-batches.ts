import { monotonicMsOf, type Clock } from '../clock.js'
import type { TripleTask } from '../engine/workers/triple-worker.js'
import type { RemoteBatch } from '../providers/batch-provider.js'

/** What this worker itself heard of the server in its rounds: it need not ask again when it comes to the triple. */
export interface LearntBatches {
  keep(tasks: readonly TripleTask[]): void
  /** Once; `undefined` when it is not known, or not fresh. */
  takeFor(index: string): RemoteBatch | undefined
}

/** That a batch has ended stays true; of others what is older than this says little. */
const freshMs = 600_000

/** About a kilobyte each. */
const mostKept = 10_000

export function learntBatches(clock: Clock): LearntBatches {
  const known = new Map<string, { readonly batch: RemoteBatch; readonly atMs: number }>()
  const isFresh = (atMs: number): boolean => monotonicMsOf(clock) - atMs <= freshMs
  return {
    keep(tasks) {
      for (const [index, { atMs }] of known) if (!isFresh(atMs)) known.delete(index)
      const atMs = monotonicMsOf(clock)
      for (const { index, learnt: batch } of tasks) {
        if (batch !== undefined && known.size < mostKept) known.set(index, { batch, atMs })
      }
    },
    takeFor(index) {
      const kept = known.get(index)
      known.delete(index)
      return kept !== undefined && isFresh(kept.atMs) ? kept.batch : undefined
    },
  }
}
