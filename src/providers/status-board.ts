import type { Problem } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import type { BatchProvider, RemoteBatch } from './batch-provider.js'

/** A provider whose statuses can be asked for ahead, for all waiting batches at once. */
export interface StatusBoard {
  readonly provider: BatchProvider
  /**
   * Asks for all of them; each answer is then given out once, to the first who asks for that batch. So is the failure
   * of a single one; its triple tries again by itself where it may pass.
   */
  prefetch(batchIds: readonly string[], signal: AbortSignal): Promise<void>
  /** Nothing could be learnt of these: each triple that asks gets the problem once, and no call is made for it. */
  fail(batchIds: readonly string[], problem: Problem): void
  /** What was learnt of a batch and not given out yet, without giving it out; `null` when nobody asked for it. */
  learnt(batchId: string): Learnt | null
  /** What somebody else learnt of a batch a moment ago; it is given out once, like what was fetched ahead. */
  tell(batch: RemoteBatch): void
  /** Nobody is going to ask: what was learnt of the batch is dropped. */
  forget(batchId: string): void
}

/** What asking for a batch brought. `nothing`: the provider did not come to it this time. */
export type Learnt =
  | { readonly type: 'answer'; readonly batch: RemoteBatch | null }
  | { readonly type: 'nothing' }
  | { readonly type: 'failure'; readonly problem: Problem }

/**
 * One page of a server's list answers for up to 100 batches, but triples ask one by one. What was fetched ahead is
 * used once only: a triple that asks again wants to know how things stand now.
 */
export function statusBoard(provider: BatchProvider): StatusBoard {
  const answers = new Map<string, RemoteBatch | null>()
  const unseen = new Set<string>()
  const failures = new Map<string, Problem>()
  return {
    provider: {
      ...provider,
      // One by one too: a provider that is a class has these on its prototype.
      name: provider.name,
      ...(provider.account !== undefined && { account: provider.account }),
      limits: provider.limits,
      minPollDelayMs: provider.minPollDelayMs,
      submit: (request, signal) => provider.submit(request, signal),
      find: (query, signal) => provider.find(query, signal),
      download: (fileId, write, signal) => provider.download(fileId, write, signal),
      cancel: (batchId, signal) => provider.cancel(batchId, signal),
      recent: provider.recent?.bind(provider),
      deleteFile: provider.deleteFile?.bind(provider),
      uploadsInUse: provider.uploadsInUse?.bind(provider),
      status: async (batchIds, signal) => {
        throwFailure(batchIds, failures)
        const isKnown = batchIds.every((batchId) => answers.has(batchId) || unseen.has(batchId))
        return isKnown ? taken(batchIds, answers, unseen) : provider.status(batchIds, signal)
      },
    },
    async prefetch(batchIds, signal) {
      answers.clear()
      unseen.clear()
      failures.clear()
      if (batchIds.length === 0) return
      const statuses = await provider.status(batchIds, signal, (batchId, problem) => {
        failures.set(batchId, problem)
      })
      for (const batchId of batchIds) {
        if (failures.has(batchId)) continue
        const batch = statuses.get(batchId)
        // The provider did not come to this one in this call; its triple waits for the next poll.
        if (batch === undefined) unseen.add(batchId)
        else answers.set(batchId, batch)
      }
    },
    learnt(batchId) {
      const problem = failures.get(batchId)
      if (problem !== undefined) return { type: 'failure', problem }
      if (unseen.has(batchId)) return { type: 'nothing' }
      const batch = answers.get(batchId)
      return batch === undefined ? null : { type: 'answer', batch }
    },
    tell: (batch) => void answers.set(batch.batchId, batch),
    forget(batchId) {
      failures.delete(batchId)
      unseen.delete(batchId)
      answers.delete(batchId)
    },
    fail(batchIds, problem) {
      for (const batchId of batchIds) failures.set(batchId, problem)
    },
  }
}

function throwFailure(batchIds: readonly string[], failures: Map<string, Problem>): void {
  for (const batchId of batchIds) {
    const problem = failures.get(batchId)
    failures.delete(batchId)
    if (problem !== undefined) throw reconciliationError(problem)
  }
}

function taken(
  batchIds: readonly string[],
  answers: Map<string, RemoteBatch | null>,
  unseen: Set<string>,
): ReadonlyMap<string, RemoteBatch | null> {
  const given = new Map<string, RemoteBatch | null>()
  for (const batchId of batchIds) {
    const batch = answers.get(batchId)
    if (batch !== undefined) given.set(batchId, batch)
    answers.delete(batchId)
    unseen.delete(batchId)
  }
  return given
}
