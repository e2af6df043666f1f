import type { Problem } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'

/** Shared by all triples of a run: once the account has no money left, nobody tries again. */
export interface SubmissionGate {
  /** Throws the problem that closed the gate, when one did. */
  requireOpen(index: string): void
  close(problem: Problem): void
}

export function submissionGate(): SubmissionGate {
  let closedBy: Problem | null = null
  return {
    requireOpen(index) {
      if (closedBy !== null) throw reconciliationError(closedBy, { index })
    },
    close(problem) {
      closedBy ??= problem
    },
  }
}
