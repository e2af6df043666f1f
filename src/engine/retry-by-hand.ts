import { rowClassesThat, type RowClass, type RowRetry } from '../../machines/index.js'
import type { ExpectedContentType } from '../accounting/rows/content.js'
import { markRetried, readFailedRequests } from '../accounting/results/failed-requests.js'
import { reconciliationError } from '../errors.js'
import { requireBatchIndex, derivedBatchIndex, type BatchIndex } from '../workspace/batch-index.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { findTriple, locateTriple } from '../workspace/locate-triple.js'
import { metadataPath, readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { isEmptyTriple } from '../workspace/scan.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import type { Holder } from '../accounting/requests/sent-requests.js'
import { countOf } from '../units.js'
import { giveLeave, giveLeaveToAll } from './give-leave.js'
import { hasInput } from './has-input.js'
import { heldElsewhere } from './held-elsewhere.js'
import type { ReconcileWorkspaceOptions, UsualType } from './options.js'
import { onePass, withWorkspace } from './reconcile-workspace.js'
import type { WorkspaceReport } from './report.js'
import type { Choices } from './parse-options.js'
import type { Run } from './run.js'
import { inputOfRoot, writeRetryTriple, type Lineage } from './write-retry-triple.js'

export interface RetryByHandOptions<
  Content = unknown,
  Type extends ExpectedContentType = UsualType<Content>,
> extends ReconcileWorkspaceOptions<Content, Type> {
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
export async function retryByHand<Content = unknown, Type extends ExpectedContentType = 'text'>(
  workspace: BatchWorkspace,
  text: string,
  options: RetryByHandOptions<Content, Type> = {},
): Promise<RetryByHandReport> {
  const index = requireBatchIndex(text)
  return withWorkspace(workspace, options, async (run, choices) => {
    const triple = await locateTriple(workspace, index)
    if (!triple.inDone.input || !isEmptyTriple(triple)) return runAgain(run, index)
    const retried = await writeRetries(run, triple, choices)
    const indices = new Set(retried.map(({ retryIndex }) => retryIndex))
    // One that waits for somebody's word, since its requests may have been answered, has it now.
    await giveLeaveToAll(workspace, indices)
    return {
      ...(await onePass(run, { isWanted: (one) => indices.has(one.index) })),
      retried,
    }
  })
}

async function runAgain(run: Run, text: string): Promise<RetryByHandReport> {
  const triple = await findTriple(run.workspace, text)
  const { index } = triple
  const hasLeave = await giveLeave(run.workspace, metadataPath(run.workspace, triple))
  const leave = hasLeave ? { ...run, maySubmit: true } : run
  return {
    ...(await onePass(leave, { isWanted: (one) => one.index === index })),
    retried: [],
  }
}

type RetryChoices = Pick<Choices, 'shouldRetryAnswers' | 'shouldRetryUnrecognised'>

/** The marks in the results are the intent: they are durable first, then the triples are made to fit them. */
async function writeRetries(
  run: Run,
  { index }: BatchFileTriple,
  choices: RetryChoices,
): Promise<readonly RetriedRequests[]> {
  const { workspace, signal } = run
  const lineage = await lineageOf(workspace, index)
  const { rootIndex, resultsPath } = lineage
  const failed = await readFailedRequests(workspace.fileSystem, resultsPath, outcomesToRetry(choices)).catch(
    asFileProblem({ path: resultsPath, action: 'read', index }),
  )
  const marks = new Map<string, ReadonlySet<string>>(failed.retried)
  const held = await heldElsewhere(run, lineage, failed.waiting)
  const waiting = [...failed.waiting].filter(([customId]) => !held.has(customId))
  if (held.size > 0) run.report({ type: 'warning', index, message: heldText(index, held) })
  if (waiting.length > 0) {
    const retryIndex = retryIndexOf(rootIndex, waiting)
    const customIds = new Set(waiting.map(([customId]) => customId))
    await markRetried({
      fs: workspace.fileSystem,
      resultsPath,
      customIds,
      retryIndex,
      signal,
    }).catch(asFileProblem({ path: resultsPath, action: 'write', index }))
    marks.set(retryIndex, customIds)
  }
  if (marks.size === 0) throw held.size > 0 ? allHeld(index, held) : nothingToRetry(index, lineage, choices)
  return writeMissing(run, { ...lineage, attempt: failed.lastAttempt + 1 }, marks)
}

async function writeMissing(
  run: Run,
  lineage: Lineage,
  marks: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<readonly RetriedRequests[]> {
  const retried: RetriedRequests[] = []
  for (const [retryIndex, customIds] of marks) {
    const isKnown = await hasInput(run.workspace, retryIndex)
    const retry = { retryIndex, customIds }
    if (!isKnown) await writeRetryTriple(run, lineage, retry)
    retried.push({ retryIndex, requests: customIds.size, isKnown })
  }
  return retried
}

/** What a person's word sends, for each kind of leave that a class needs. */
function outcomesToRetry(options: RetryChoices): ReadonlySet<RowClass> {
  const isSent: Readonly<Record<RowRetry, boolean>> = {
    'by-itself': true,
    'when-asked': true,
    'by-policy': options.shouldRetryAnswers,
    'only-when-named': options.shouldRetryUnrecognised,
    never: false,
  }
  return new Set(rowClassesThat(({ mayRetry }) => isSent[mayRetry]))
}

/** Made from what failed and in which attempt, so that the same failure never becomes two triples. */
function retryIndexOf(
  rootIndex: BatchIndex,
  waiting: readonly (readonly [customId: string, attempt: number])[],
): BatchIndex {
  return derivedBatchIndex(JSON.stringify(['retry', rootIndex, ...waiting]))
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

const mostNamed = 3

function heldText(index: BatchIndex, held: ReadonlyMap<string, Holder>): string {
  const holders = [...new Set([...held.values()].map((holder) => holder.index))]
  const named = holders.slice(0, mostNamed).join(', ')
  const more = holders.length > mostNamed ? ` and ${holders.length - mostNamed} more` : ''
  const triples = holders.length === 1 ? 'triple' : 'triples'
  const verb = held.size === 1 ? 'is' : 'are'
  return `${countOf(held.size, 'failed request')} of triple ${index} ${verb} not sent again: ${triples} ${named}${more} sent ${held.size === 1 ? 'it' : 'them'} by another way, and the answers stand there or are on their way.`
}

function allHeld(index: BatchIndex, held: ReadonlyMap<string, Holder>): Error {
  return reconciliationError(
    {
      code: 'NothingToRetry',
      message: heldText(index, held),
      hint: 'Their answers stand, or will stand, in the results of that triple. To pay for them once more, `submit --again` a file with them.',
      facts: { index, held: held.size },
    },
    { index },
  )
}

function nothingToRetry(
  index: BatchIndex,
  { resultsPath }: Omit<Lineage, 'attempt'>,
  options: RetryChoices,
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

function hintOf({ shouldRetryAnswers, shouldRetryUnrecognised }: RetryChoices): string {
  const hints = [
    shouldRetryAnswers
      ? ''
      : 'Answers that are cut, filtered, unproven or rejected are sent again with --all (shouldRetryAnswers).',
    shouldRetryUnrecognised
      ? ''
      : 'Rows that nobody can read may be answers; they are sent again with --unrecognised (shouldRetryUnrecognised).',
  ].filter((hint) => hint !== '')
  return hints.length === 0 ? 'Every request has a success.' : hints.join(' ')
}
