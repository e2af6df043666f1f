import type { TripleFacts } from './facts.js'
import type { BatchFileReconciliationOperation } from './operations.js'
import type { Problem } from './problem.js'
import { decisionFor } from './triple/decision.js'

/** The ordered operations for a triple, or the problem that leaves nothing to do. */
export type CourseOfAction =
  | {
      readonly type: 'operations'
      readonly operations: readonly BatchFileReconciliationOperation[]
      readonly why: string
    }
  | { readonly type: 'problem'; readonly problem: Problem }

/**
 * The operations for the facts, as the seed names them, with the three it never planned where the metadata names files
 * that are not here.
 */
export function recommendedOperations(facts: TripleFacts, workspace?: string): CourseOfAction {
  const { operations, why, problem } = decisionFor(facts, workspace)
  return problem === null ? { type: 'operations', operations, why } : { type: 'problem', problem }
}
