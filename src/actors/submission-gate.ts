import type { Problem } from '../../machines/index.js'
import { monotonicMsOf, type Clock } from '../clock.js'
import { reconciliationError } from '../errors.js'

/** What the submissions of one run know of each other. */
export interface SubmissionGate {
  /**
   * Throws the problem that closed the gate for inputs of this size, when one did: once the account has no money left,
   * nobody tries again, or one in a while does.
   */
  requireOpen(index: string, inputBytes: number): void
  /** For inputs of so many bytes and more: a limit on what one batch may hold lets smaller ones pass. */
  close(problem: Problem, fromBytes: number): void
  /** Somebody says that what closed it may be gone: the next one tries. */
  reopen(): void
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

/** After so long a gate that has closed lets one triple through, to see. For ever shut unless given. */
export interface Reopening {
  readonly clock: Clock
  readonly afterMs: number
}

export function submissionGate(reopening: Reopening | null = null): SubmissionGate {
  let closed: { readonly problem: Problem; readonly fromBytes: number; readonly atMs: number } | null = null
  const nowMs = (): number => (reopening === null ? 0 : monotonicMsOf(reopening.clock))
  const isDue = (sinceMs: number): boolean => reopening !== null && nowMs() - sinceMs >= reopening.afterMs
  const looks = new Map<string, number>()
  const owners = new Map<string, string>()
  let smallestBytes = Infinity
  return {
    noteMade(inputBytes) {
      smallestBytes = Math.min(smallestBytes, inputBytes)
      // There is room for one of this size again, and so for others.
      if (reopening !== null && closed !== null && inputBytes >= closed.fromBytes) closed = null
    },
    hasMadeSmaller: (inputBytes) => smallestBytes < inputBytes,
    requireOpen(index, inputBytes) {
      if (closed === null || inputBytes < closed.fromBytes) return
      if (!isDue(closed.atMs)) throw reconciliationError(closed.problem, { index })
      // The others wait for what becomes of this one.
      closed = { ...closed, atMs: nowMs() }
    },
    close(problem, fromBytes) {
      const isFirst = closed === null || fromBytes < closed.fromBytes
      closed = isFirst ? { problem, fromBytes, atMs: nowMs() } : closed && { ...closed, atMs: nowMs() }
    },
    reopen() {
      closed = null
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
