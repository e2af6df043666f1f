import type { ExpectedContentType } from '../accounting/rows/content.js'
import {
  recommendedOperations,
  type BatchFileReconciliationOperation,
  type CheckVerdict,
  type ProcessResult,
  type StepInput,
  type TripleFacts,
} from '../../machines/index.js'
import { checkIds } from '../actors/check-ids.js'
import { checkOnline } from '../actors/check-online.js'
import { tripleDependencies, type Step, type TripleDependencies } from '../actors/dependencies.js'
import { downloadFiles } from '../actors/download-files.js'
import { moveToDone } from '../actors/move-to-done.js'
import { processErrorFile } from '../actors/process-error-file.js'
import { processOutputFile } from '../actors/process-output-file.js'
import { recordResults } from '../actors/record-results.js'
import { retryFailedRequests } from '../actors/retry-failed-requests.js'
import { surveyFacts } from '../actors/survey-triple.js'
import { reconciliationError } from '../errors.js'
import { createWorkspaceDirectories } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { shellWord } from '../workspace/shell-word.js'
import type { ReconcileOptions } from './options.js'
import { withRun } from './run.js'

/** What one operation came to. */
export interface OperationResult {
  /** The operations that are recommended now, when the operation may have changed them; else `null`. */
  readonly recommended: readonly BatchFileReconciliationOperation[] | null
}

/**
 * Executes one reconciliation operation by itself, for callers with a course of action of their own. Rejects when
 * it fails; nothing else happens then. A `Move…` publishes results first when rows of this attempt were processed.
 *
 * The caller sees to it that no other process works on the workspace.
 *
 * @throws RequestIdsMismatch, BatchStillProcessing, BatchFailed and whatever else the one step may meet.
 */
export async function executeReconciliationOperation<
  Content = unknown,
  Type extends ExpectedContentType = 'text',
>(
  triple: BatchFileTriple,
  operation: BatchFileReconciliationOperation,
  options: ReconcileOptions<Content, Type> = {},
): Promise<OperationResult> {
  return withRun(triple.workspace, options, async (run) => {
    await createWorkspaceDirectories(run.workspace)
    const facts = await surveyFacts(run.workspace, triple.index)
    await executors[operation](tripleDependencies(run), facts, run.signal)
    return { recommended: asksAnew.has(operation) ? await recommendedNow(triple) : null }
  })
}

type Executor = (dependencies: TripleDependencies, facts: TripleFacts, signal: AbortSignal) => Promise<void>

const executors: Readonly<Record<BatchFileReconciliationOperation, Executor>> = {
  EnsureInputRequestIdsMatchErrorRequestIds: ensureIdsMatch,
  EnsureInputRequestIdsMatchOutputRequestIds: ensureIdsMatch,
  EnsureInputRequestIdsMatchOutputRequestIdsCombinedWithErrorRequestIds: ensureIdsMatch,
  ProcessBatchErrorFile: processing(processErrorFile, ({ output }) => output === null),
  ProcessBatchOutputFile: processing(processOutputFile),
  MoveBatchInputAndErrorToTheDoneDirectory: move,
  MoveBatchInputAndOutputToTheDoneDirectory: move,
  MoveBatchTripleToTheDoneDirectory: move,
  CheckForBatchOutputAndErrorFileOnline: fetchFromServer,
  RecalculateRecommendedCourseOfActionIfTripleChanged: async () => {},
  CheckForBatchErrorFileOnline: fetchFromServer,
  DownloadBatchOutputAndMaybeErrorFileOnline: fetchFromServer,
  DownloadBatchOutputFileOnline: fetchFromServer,
}

const asksAnew: ReadonlySet<BatchFileReconciliationOperation> = new Set([
  'CheckForBatchOutputAndErrorFileOnline',
  'RecalculateRecommendedCourseOfActionIfTripleChanged',
  'CheckForBatchErrorFileOnline',
  'DownloadBatchOutputAndMaybeErrorFileOnline',
  'DownloadBatchOutputFileOnline',
])

async function recommendedNow({ workspace, index }: BatchFileTriple) {
  const course = recommendedOperations(await surveyFacts(workspace, index), shellWord(workspace.root))
  if (course.type === 'problem') throw reconciliationError(course.problem, { index })
  return course.operations
}

async function ensureIdsMatch(
  dependencies: TripleDependencies,
  facts: TripleFacts,
  signal: AbortSignal,
): Promise<void> {
  requireAccounted(await checkIds(dependencies, { index: facts.index, facts }, signal), facts.index)
}

function requireAccounted(verdict: CheckVerdict, index: string): void {
  if (verdict.type !== 'accounted') throw reconciliationError(verdict.problem, { index })
}

/** The ids are proven first, also for callers who skip that operation. The last file to be read settles the retry. */
function processing(
  step: Step<StepInput, ProcessResult>,
  isLast: (facts: TripleFacts) => boolean = () => true,
): Executor {
  return async (dependencies, facts, signal) => {
    const input = { index: facts.index, facts }
    await ensureIdsMatch(dependencies, facts, signal)
    await step(dependencies, input, signal)
    if (isLast(facts)) await retryFailedRequests(dependencies, input, signal)
  }
}

/** Moving is the last step of every course: it is refused while the triple's rows are not processed. */
async function move(
  dependencies: TripleDependencies,
  facts: TripleFacts,
  signal: AbortSignal,
): Promise<void> {
  const input = { index: facts.index, facts }
  if (!facts.isMoveIntended) await recordResults(dependencies, input, signal)
  await moveToDone(dependencies, input, signal)
}

async function fetchFromServer(
  dependencies: TripleDependencies,
  facts: TripleFacts,
  signal: AbortSignal,
): Promise<void> {
  const verdict = await checkOnline(dependencies, { index: facts.index, facts, wanted: 'absent' }, signal)
  switch (verdict.type) {
    case 'files-ready': {
      const now = await surveyFacts(dependencies.workspace, facts.index)
      return downloadFiles(dependencies, { index: facts.index, facts: now, wanted: 'absent' }, signal)
    }
    case 'nothing-more':
    case 'not-published':
      return
    case 'still-processing':
      throw reconciliationError(stillProcessing(facts, verdict.remoteStatus), { index: facts.index })
    case 'no-room':
    case 'ended-badly':
      throw reconciliationError(verdict.problem, { index: facts.index })
    case 'offline':
      throw reconciliationError(nothingToAsk(dependencies, facts), { index: facts.index })
  }
}

function stillProcessing({ index, batchId }: TripleFacts, remoteStatus: string) {
  return {
    code: 'BatchStillProcessing',
    message: `Batch ${batchId} of triple ${index} is ${remoteStatus}; its files are not there yet.`,
    hint: 'Ask again later.',
    isPassing: true,
  } as const
}

function nothingToAsk({ provider }: TripleDependencies, { index }: TripleFacts) {
  return {
    code: 'NoProvider',
    message:
      provider === null
        ? `Triple ${index} has to be looked up at its server, and this run has none.`
        : `Triple ${index} has no batch_id in its metadata; the server cannot be asked about it.`,
    hint: provider === null ? 'Pass a provider.' : 'Submit the input, or adopt the batch the server lists.',
  } as const
}
