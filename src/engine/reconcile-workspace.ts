import { systemClock } from '../clock.js'
import { acquireWorkspaceLock } from '../workspace/lock.js'
import { createWorkspaceDirectories, type BatchWorkspace } from '../workspace/open-workspace.js'
import { scanWorkspace, type WorkspaceScan } from '../workspace/scan.js'
import { removeStaleTemporaryFiles } from '../workspace/stale-files.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { reporterOf } from './dependencies.js'
import type { ReconcileWorkspaceOptions } from './options.js'
import { prefetchStatuses } from './prefetch-statuses.js'
import { reconcileTriple } from './reconcile-triple.js'
import type { TripleReport, WorkspaceReport } from './report.js'
import { runContext, type RunContext } from './run-context.js'
import { runTriples, type RunTriple } from './run-triples.js'
import { totalBytesOf } from './total-bytes.js'

/**
 * One pass over a workspace: every triple as far as it goes by itself. One triple never stops another; each has its
 * outcome in the report, in the order of the indices. Takes the workspace for itself while it works, and throws
 * `WorkspaceLocked` when another process has it.
 *
 * @example
 * const report = await reconcileWorkspace(await openWorkspace('./batches'), { onEvent: console.log })
 */
export function reconcileWorkspace(
  workspace: BatchWorkspace,
  options: ReconcileWorkspaceOptions = {},
): Promise<WorkspaceReport> {
  return withWorkspace(workspace, options, () => onePass(workspace, options, runContext(options)))
}

/** Runs `work` while no other process can work on the workspace. */
export async function withWorkspace<T>(
  workspace: BatchWorkspace,
  options: ReconcileWorkspaceOptions,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await acquireWorkspaceLock(workspace, { clock: options.clock ?? systemClock })
  try {
    await createWorkspaceDirectories(workspace)
    await removeStaleTemporaryFiles(workspace)
    return await work()
  } finally {
    await lock.release()
  }
}

/** One pass for callers that hold the workspace. */
export async function onePass(
  workspace: BatchWorkspace,
  options: ReconcileWorkspaceOptions,
  run: RunContext,
  { isWanted = () => true, runTriple = oneByOne(workspace, options, run) }: PassOptions = {},
): Promise<WorkspaceReport> {
  run.sentBefore.forget()
  const scan = await scanWorkspace(workspace)
  const triples = scan.triples.filter(isWanted)
  await reportScan(workspace, scan, triples, options)
  const seen = new Set(scan.triples.map(({ index }) => index))
  const reports: (TripleReport | null)[] = []
  for (let batch = triples; batch.length > 0; batch = await newTriples(workspace, seen, options)) {
    await prefetchStatuses(workspace, batch, run, options)
    reports.push(...(await runTriples(batch, options, runTriple)))
  }
  return {
    triples: reports.filter((one) => one !== null),
    warnings: scan.warnings.map(({ message }) => message),
    isInterrupted: reports.includes(null),
  }
}

export interface PassOptions {
  /** Leaves triples out, which are then not in the report. */
  readonly isWanted?: (triple: BatchFileTriple) => boolean
  readonly runTriple?: RunTriple
}

const oneByOne =
  (workspace: BatchWorkspace, options: ReconcileWorkspaceOptions, run: RunContext): RunTriple =>
  (triple) =>
    reconcileTriple(workspace, triple, options, run)

/** Retries that were written during the pass belong to it. Each lineage has a last attempt, so this ends. */
async function newTriples(
  workspace: BatchWorkspace,
  seen: Set<string>,
  { signal }: ReconcileWorkspaceOptions,
): Promise<BatchFileTriple[]> {
  if (signal?.aborted === true) return []
  const found = (await scanWorkspace(workspace)).triples.filter(({ index }) => !seen.has(index))
  for (const { index } of found) seen.add(index)
  return found
}

async function reportScan(
  workspace: BatchWorkspace,
  { warnings }: WorkspaceScan,
  triples: readonly BatchFileTriple[],
  options: ReconcileWorkspaceOptions,
): Promise<void> {
  const report = reporterOf(options)
  const totalBytes = await totalBytesOf(workspace, triples)
  report({ type: 'workspace.scanned', triples: triples.length, totalBytes })
  for (const { message } of warnings) report({ type: 'warning', index: null, message })
}
