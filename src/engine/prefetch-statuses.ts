import { backoffDelayMs, courseOf, jitterOf, type Problem } from '../../machines/index.js'
import { surveyFacts } from '../actors/survey-triple.js'
import { isBatchReconciliationError } from '../errors.js'
import type { StatusBoard } from '../providers/status-board.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { followSignal } from './follow-signal.js'
import type { Run } from './run.js'
import { sleep } from './sleep.js'

/**
 * Asks for all waiting batches at once, before their triples ask one by one. While that fails for a passing reason it
 * is tried again, here and not by each triple; when it fails for good each triple has the failure as its own.
 */
export async function prefetchStatuses(
  run: Run,
  triples: readonly BatchFileTriple[],
  batchOf: BatchOf,
): Promise<void> {
  const { board } = run
  if (board === null) return
  const batchIds: string[] = []
  for (const triple of triples) {
    const batchId = await batchOf(triple)
    if (batchId !== null) batchIds.push(batchId)
  }
  await askPatiently(run, board, batchIds)
}

/** The batch that the triple waits for; `null` when it waits for none. */
export type BatchOf = (triple: BatchFileTriple) => Promise<string | null>

async function askPatiently(
  { clock, signal, limits, report }: Run,
  board: StatusBoard,
  batchIds: readonly string[],
): Promise<void> {
  for (let failures = 1; ; failures += 1) {
    const problem = await problemOf(prefetched(board, batchIds, signal))
    if (problem === null || signal.aborted) return
    report({ type: 'warning', index: null, message: problem.message })
    if (problem.isPassing !== true || failures > limits.maxRetries) {
      return board.fail(batchIds, { ...problem, hasBeenRetried: true })
    }
    const jitter = jitterOf(batchIds.length, failures)
    await sleep(clock, backoffDelayMs(failures, jitter, limits, problem.retryAfterMs), signal)
  }
}

async function prefetched(
  board: StatusBoard,
  batchIds: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const call = followSignal(signal)
  try {
    await board.prefetch(batchIds, call.signal)
  } finally {
    call.release()
  }
}

async function problemOf(asking: Promise<void>): Promise<Problem | null> {
  try {
    await asking
    return null
  } catch (error) {
    if (isBatchReconciliationError(error)) return error.problem
    throw error
  }
}

/** Looks it up on the disk. */
export async function waitingBatch(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
): Promise<string | null> {
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
