import { createActor, waitFor } from 'xstate'
import { schedulerMachine, toProblem, type SchedulerActor } from '../../machines/index.js'
import { systemClock } from '../clock.js'
import { isBatchReconciliationError } from '../errors.js'
import { acquireWorkspaceLock } from '../workspace/lock.js'
import { createWorkspaceDirectories, type BatchWorkspace } from '../workspace/open-workspace.js'
import { scanWorkspace } from '../workspace/scan.js'
import { removeStaleTemporaryFiles } from '../workspace/stale-files.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { reporterOf } from './dependencies.js'
import type { ReconcileWorkspaceOptions } from './options.js'
import { reconcileTriple } from './reconcile-triple.js'
import type { TripleReport, WorkspaceReport } from './report.js'
import { totalBytesOf } from './total-bytes.js'

/** Enough to keep two cores and a disk busy; more only holds more files open. */
const defaultConcurrency = 4

/**
 * One pass over a workspace: every triple as far as it goes by itself. One triple never stops another; each has its
 * outcome in the report, in the order of the indices. Takes the workspace for itself while it works, and throws
 * `WorkspaceLocked` when another process has it.
 *
 * @example
 * const report = await reconcileWorkspace(await openWorkspace('./batches'), { onEvent: console.log })
 */
export async function reconcileWorkspace(
  workspace: BatchWorkspace,
  options: ReconcileWorkspaceOptions = {},
): Promise<WorkspaceReport> {
  const lock = await acquireWorkspaceLock(workspace, { clock: options.clock ?? systemClock })
  try {
    return await reconcileLocked(workspace, options)
  } finally {
    await lock.release()
  }
}

async function reconcileLocked(
  workspace: BatchWorkspace,
  options: ReconcileWorkspaceOptions,
): Promise<WorkspaceReport> {
  const report = reporterOf(options)
  await createWorkspaceDirectories(workspace)
  await removeStaleTemporaryFiles(workspace)
  const { triples, warnings } = await scanWorkspace(workspace)
  report({
    type: 'workspace.scanned',
    triples: triples.length,
    totalBytes: await totalBytesOf(workspace, triples),
  })
  for (const { message } of warnings) report({ type: 'warning', index: null, message })
  const reports = await runAll(workspace, triples, options)
  return {
    triples: reports.filter((one) => one !== null),
    warnings: warnings.map(({ message }) => message),
    isInterrupted: reports.includes(null),
  }
}

/** The scheduler's machine says which triple starts when; `null` marks those a stop kept from coming to rest. */
async function runAll(
  workspace: BatchWorkspace,
  triples: readonly BatchFileTriple[],
  options: ReconcileWorkspaceOptions,
): Promise<readonly (TripleReport | null)[]> {
  const reports: (TripleReport | null)[] = triples.map(() => null)
  const scheduler = createActor(schedulerMachine, {
    input: { triples: triples.length, maxLive: options.concurrency ?? defaultConcurrency },
  })
  scheduler.on('triple.admitted', ({ position }) => {
    const triple = triples[position]
    if (triple === undefined)
      throw new Error(`The scheduler admitted triple ${position} of ${triples.length}.`)
    void runOne(workspace, triple, options).then((report) => {
      reports[position] = report
      scheduler.send({ type: 'triple.settled' })
    })
  })
  await runToEnd(scheduler, options.signal)
  return reports
}

async function runToEnd(scheduler: SchedulerActor, signal: AbortSignal | undefined): Promise<void> {
  const stop = (): void => scheduler.send({ type: 'scheduler.stop' })
  signal?.addEventListener('abort', stop, { once: true })
  scheduler.start()
  if (signal?.aborted === true) stop()
  await waitFor(scheduler, (snapshot) => snapshot.status === 'done')
  signal?.removeEventListener('abort', stop)
}

/** Never rejects: a fault of ours in one triple must not take the others down either. */
async function runOne(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  options: ReconcileWorkspaceOptions,
): Promise<TripleReport | null> {
  const emit = reporterOf(options)
  emit({ type: 'triple.started', index: triple.index })
  try {
    const report = await reconcileTriple(workspace, triple, options)
    emit({ type: 'triple.settled', index: triple.index, report })
    return report
  } catch (error) {
    if (isBatchReconciliationError(error) && error.code === 'Interrupted') return null
    const report = brokenReport(triple.index, error)
    emit({ type: 'triple.settled', index: triple.index, report })
    return report
  }
}

function brokenReport(index: string, error: unknown): TripleReport {
  const problem = toProblem(error)
  return {
    index,
    outcome: { type: 'failed', problem },
    state: 'failed',
    operations: [],
    counts: null,
    rows: null,
    problem,
    attempt: 1,
    rootIndex: index,
    remoteStatus: null,
    resultsPath: null,
  }
}
