import { rowClassesThat, type RowClass, type RowRetry } from '../../machines/index.js'
import {
  markRetried,
  readFailedRequests,
  type FailedRequests,
} from '../accounting/results/failed-requests.js'
import { reconciliationError } from '../errors.js'
import { requireBatchIndex, retryBatchIndex, type BatchIndex } from '../workspace/batch-index.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { findTriple, locateTriple } from '../workspace/locate-triple.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { isEmptyTriple } from '../workspace/scan.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { hasInput } from './has-input.js'
import type { ReconcileWorkspaceOptions } from './options.js'
import { onePass, withWorkspace } from './reconcile-workspace.js'
import type { WorkspaceReport } from './report.js'
import { runContext, type RunContext } from './run-context.js'
import { inputOfRoot, writeRetryTriple, type Lineage } from './write-retry-triple.js'

export interface RetryByHandOptions extends ReconcileWorkspaceOptions {
  /** Also send again what has an answer that is no success: `semantic`, `unproven`, `rejected`. Off unless set. */
  readonly shouldRetryAnswers?: boolean | undefined
  /**
   * Also send again the rows that nobody here can read (`unrecognised`). They may be the answers, and paid for, so
   * nothing else sends them. Off unless set.
   */
  readonly shouldRetryUnrecognised?: boolean | undefined
}

/** A triple that sends failed requests again. */
export interface RetriedRequests {
  readonly retryIndex: BatchIndex
  readonly requests: number
  /** It stood in the workspace before this call: nothing new was made. */
  readonly isKnown: boolean
}

export interface RetryByHandReport extends WorkspaceReport {
  /** Empty for a triple in `workdir/`: that one is simply run again. */
  readonly retried: readonly RetriedRequests[]
}

/**
 * Sends again what failed for good, because a person asks: the requests of the triple's lineage whose last row in
 * `target/` is no success become one more triple, which is submitted when there is a server. The attempts it is
 * beyond do not count. Calling it twice, or again after a crash, makes no second batch. A triple that stands in
 * `workdir/` is run again instead.
 *
 * @param text the index of any triple of the lineage
 * @throws InvalidBatchIndex, NoBatchFileTripleAtIndex, NothingToRetry; ReconciliationFailed without results
 */
export async function retryByHand(
  workspace: BatchWorkspace,
  text: string,
  options: RetryByHandOptions = {},
): Promise<RetryByHandReport> {
  const index = requireBatchIndex(text)
  return withWorkspace(workspace, options, async () => {
    const run = runContext(options)
    const triple = await locateTriple(workspace, index)
    if (!triple.inDone.input || !isEmptyTriple(triple)) return runAgain(workspace, index, options, run)
    const retried = await writeRetries(workspace, triple, options, run)
    const indices = new Set(retried.map(({ retryIndex }) => retryIndex))
    return {
      ...(await onePass(workspace, options, run, { isWanted: (one) => indices.has(one.index) })),
      retried,
    }
  })
}

async function runAgain(
  workspace: BatchWorkspace,
  text: string,
  options: RetryByHandOptions,
  run: RunContext,
): Promise<RetryByHandReport> {
  const { index } = await findTriple(workspace, text)
  return {
    ...(await onePass(workspace, options, run, { isWanted: (one) => one.index === index })),
    retried: [],
  }
}

/** The marks in the results are the intent: they are durable first, then the triples are made to fit them. */
async function writeRetries(
  workspace: BatchWorkspace,
  { index }: BatchFileTriple,
  options: RetryByHandOptions,
  run: RunContext,
): Promise<readonly RetriedRequests[]> {
  const lineage = await lineageOf(workspace, index)
  const { rootIndex, resultsPath } = lineage
  const failed = await readFailedRequests(workspace.fileSystem, resultsPath, outcomesToRetry(options)).catch(
    asFileProblem({ path: resultsPath, action: 'read', index }),
  )
  const marks = new Map<string, ReadonlySet<string>>(failed.retried)
  if (failed.waiting.size > 0) {
    const retryIndex = retryIndexOf(rootIndex, failed)
    const customIds = new Set(failed.waiting.keys())
    await markRetried({
      fs: workspace.fileSystem,
      resultsPath,
      customIds,
      retryIndex,
      signal: options.signal,
    }).catch(asFileProblem({ path: resultsPath, action: 'write', index }))
    marks.set(retryIndex, customIds)
  }
  if (marks.size === 0) throw nothingToRetry(index, lineage, options)
  return writeMissing(workspace, { ...lineage, attempt: failed.lastAttempt + 1 }, marks, options, run)
}

async function writeMissing(
  workspace: BatchWorkspace,
  lineage: Lineage,
  marks: ReadonlyMap<string, ReadonlySet<string>>,
  options: RetryByHandOptions,
  run: RunContext,
): Promise<readonly RetriedRequests[]> {
  const retried: RetriedRequests[] = []
  for (const [retryIndex, customIds] of marks) {
    const isKnown = await hasInput(workspace, retryIndex)
    const retry = { retryIndex, customIds }
    if (!isKnown) await writeRetryTriple(workspace, lineage, retry, options, run)
    retried.push({ retryIndex, requests: customIds.size, isKnown })
  }
  return retried
}

/** What a person's word sends, for each kind of leave that a class needs. */
function outcomesToRetry(options: RetryByHandOptions): ReadonlySet<RowClass> {
  const isSent: Readonly<Record<RowRetry, boolean>> = {
    'by-itself': true,
    'when-asked': true,
    'by-policy': options.shouldRetryAnswers === true,
    'only-when-named': options.shouldRetryUnrecognised === true,
    never: false,
  }
  return new Set(rowClassesThat(({ mayRetry }) => isSent[mayRetry]))
}

/** Made from what failed and in which attempt, so that the same failure never becomes two triples. */
function retryIndexOf(rootIndex: BatchIndex, { waiting }: FailedRequests): BatchIndex {
  return retryBatchIndex(JSON.stringify(['retry', rootIndex, ...waiting]))
}

async function lineageOf(workspace: BatchWorkspace, index: BatchIndex): Promise<Omit<Lineage, 'attempt'>> {
  const { layout } = workspace
  const metadata = await readMetadata(workspace, layout.doneFile('metadata', index))
  const rootIndex = metadata?.root_index ?? index
  return {
    parentIndex: index,
    rootIndex,
    metadata,
    // Looked for before anything is marked: a refusal must leave no trace.
    inputPath: await inputOfRoot(workspace, rootIndex),
    resultsPath: layout.resultsFile(rootIndex),
  }
}

function nothingToRetry(
  index: BatchIndex,
  { resultsPath }: Omit<Lineage, 'attempt'>,
  options: RetryByHandOptions,
): Error {
  return reconciliationError(
    {
      code: 'NothingToRetry',
      message: `No request of triple ${index} failed for good, as ${resultsPath} has it; nothing was sent.`,
      hint: hintOf(options),
      facts: { index, path: resultsPath },
    },
    { index },
  )
}

function hintOf({ shouldRetryAnswers, shouldRetryUnrecognised }: RetryByHandOptions): string {
  const hints = [
    shouldRetryAnswers === true
      ? ''
      : 'Answers that are cut, filtered, unproven or rejected are sent again with --all (shouldRetryAnswers).',
    shouldRetryUnrecognised === true
      ? ''
      : 'Rows that nobody can read may be answers; they are sent again with --unrecognised (shouldRetryUnrecognised).',
  ].filter((hint) => hint !== '')
  return hints.length === 0 ? 'Every request has a success.' : hints.join(' ')
}
