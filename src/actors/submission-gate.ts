import type { Problem } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'

/** What the submissions of one run know of each other. */
export interface SubmissionGate {
  /**
   * Throws the problem that closed the gate for inputs of this size, when one did: once the account has no money left,
   * nobody tries again.
   */
  requireOpen(index: string, inputBytes: number): void
  /** For inputs of so many bytes and more: a limit on what one batch may hold lets smaller ones pass. */
  close(problem: Problem, fromBytes: number): void
  /** Since when this process has been looking for the batch of a triple; the first look sets it. */
  lookingSinceMs(index: string, monotonicMs: number): number
  /** The server is asked anew: looks from before say nothing any more. */
  forgetLooks(index: string): void
  /** Notes the batch of a triple. False when it was answered to another triple of this run already. */
  isOwn(index: string, batchId: string): boolean
  /** A batch of an input of so many bytes was made. */
  noteMade(inputBytes: number): void
  /** A batch of a smaller input was made in this run: what speaks of quota then speaks of this one's size. */
  hasMadeSmaller(inputBytes: number): boolean
}

/** Batches of one run that are remembered; a server repeats what it answered last, not what it answered long ago. */
const mostBatches = 10_000

export function submissionGate(): SubmissionGate {
  let closed: { readonly problem: Problem; readonly fromBytes: number } | null = null
  const looks = new Map<string, number>()
  const owners = new Map<string, string>()
  let smallestBytes = Infinity
  return {
    noteMade: (inputBytes) => void (smallestBytes = Math.min(smallestBytes, inputBytes)),
    hasMadeSmaller: (inputBytes) => smallestBytes < inputBytes,
    requireOpen(index, inputBytes) {
      if (closed !== null && inputBytes >= closed.fromBytes)
        throw reconciliationError(closed.problem, { index })
    },
    close(problem, fromBytes) {
      if (closed === null || fromBytes < closed.fromBytes) closed = { problem, fromBytes }
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
