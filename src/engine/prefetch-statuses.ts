import { courseOf } from '../../machines/index.js'
import { surveyFacts } from '../actors/survey-triple.js'
import { isBatchReconciliationError } from '../errors.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { reporterOf } from './dependencies.js'
import type { ReconcileOptions } from './options.js'
import type { RunContext } from './run-context.js'

/**
 * Asks for all waiting batches at once, before their triples ask one by one. When that fails each triple asks for
 * itself, and has the failure as its own.
 */
export async function prefetchStatuses(
  workspace: BatchWorkspace,
  triples: readonly BatchFileTriple[],
  { board }: RunContext,
  options: ReconcileOptions,
): Promise<void> {
  if (board === null) return
  const batchIds: string[] = []
  for (const triple of triples) {
    const batchId = await waitingBatch(workspace, triple)
    if (batchId !== null) batchIds.push(batchId)
  }
  const signal = options.signal ?? new AbortController().signal
  await board.prefetch(batchIds, signal).catch((error: unknown) => {
    if (!isBatchReconciliationError(error)) throw error
    reporterOf(options)({ type: 'warning', index: null, message: error.message })
  })
}

async function waitingBatch(workspace: BatchWorkspace, triple: BatchFileTriple): Promise<string | null> {
  if (triple.metadata === null || (triple.output !== null && triple.error !== null)) return null
  try {
    const facts = await surveyFacts(workspace, triple.index)
    return courseOf(facts) === 'ask-server' || courseOf(facts) === 'fetch-announced-files'
      ? facts.batchId
      : null
  } catch (error) {
    // Its own run says what is wrong with it.
    if (isBatchReconciliationError(error)) return null
    throw error
  }
}
