import type { Problem } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'

/** What the submissions of one run know of each other. */
export interface SubmissionGate {
  /** Throws the problem that closed the gate, when one did: once the account has no money left, nobody tries again. */
  requireOpen(index: string): void
  close(problem: Problem): void
  /** Since when this process has been looking for the batch of a triple; the first look sets it. */
  lookingSinceMs(index: string, monotonicMs: number): number
  /** The server is asked anew: looks from before say nothing any more. */
  forgetLooks(index: string): void
  /** Notes the batch of a triple. False when it was answered to another triple of this run already. */
  isOwn(index: string, batchId: string): boolean
}

/** Batches of one run that are remembered; a server repeats what it answered last, not what it answered long ago. */
const mostBatches = 10_000

export function submissionGate(): SubmissionGate {
  let closedBy: Problem | null = null
  const looks = new Map<string, number>()
  const owners = new Map<string, string>()
  return {
    requireOpen(index) {
      if (closedBy !== null) throw reconciliationError(closedBy, { index })
    },
    close(problem) {
      closedBy ??= problem
    },
    lookingSinceMs(index, monotonicMs) {
      const sinceMs = looks.get(index) ?? monotonicMs
      looks.set(index, sinceMs)
      return sinceMs
    },
    forgetLooks: (index) => void looks.delete(index),
    isOwn(index, batchId) {
      const owner = owners.get(batchId) ?? index
      if (owners.size >= mostBatches) owners.delete(owners.keys().next().value ?? '')
      owners.set(batchId, owner)
      return owner === index
    },
  }
}
