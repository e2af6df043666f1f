import { isBatchReconciliationError, reconciliationError } from '../errors.js'
import { shellWord } from '../workspace/shell-word.js'
import type { TripleDependencies } from './dependencies.js'

/** An input that is about to be sent. */
export interface NextInput {
  readonly index: string
  readonly bytes: number
  /** It was begun before, or written to be sent: it goes on without leave. */
  readonly isMeant: boolean
}

/** What closed the gate kept this input from being begun: whoever allowed it has to allow it once more. */
export function requireOpenGate(
  { submissions, workspace: { root } }: Pick<TripleDependencies, 'submissions' | 'workspace'>,
  { index, bytes, isMeant }: NextInput,
): void {
  try {
    submissions.requireOpen(index, bytes)
  } catch (error) {
    if (!isBatchReconciliationError(error) || isMeant) throw error
    const hint = `Add credit or raise the limit of the account, then \`batch-reconciler run ${shellWord(root)} --submit\`: nothing of it was begun.`
    throw reconciliationError({ ...error.problem, hint }, { index })
  }
}
