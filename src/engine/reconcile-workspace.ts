import type { ExpectedContentType } from '../accounting/rows/content.js'
import { onFirstUse } from '../on-first-use.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanWorkspace, type WorkspaceScan } from '../workspace/scan.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import type { ReconcileWorkspaceOptions } from './options.js'
import { prefetchStatuses, waitingBatch, type BatchOf } from './prefetch-statuses.js'
import type { Choices } from './parse-options.js'
import { runToRest } from './reconcile-triple.js'
import { withLineage } from './lineage-report.js'
import type { TripleReport, WorkspaceReport } from './report.js'
import { withRun, type Run } from './run.js'
import type { RunTriple } from './run-triples.js'
import { measureTriples, totalBytesOf } from './triple-sizes.js'
import { whileHeld } from './while-held.js'
import { unconfirmedOf, unconfirmedSubmission, type UnconfirmedSubmission } from './unconfirmed-submission.js'

/**
 * One pass over a workspace: every triple as far as it goes by itself. One triple never stops another; each has its
 * outcome in the report, in the order of the indices. Takes the workspace for itself while it works, and throws
 * `WorkspaceLocked` when another process has it.
 *
 * @example
 * const report = await reconcileWorkspace(await openWorkspace('./batches'), { onEvent: console.log })
 */
export function reconcileWorkspace<Content = unknown, Type extends ExpectedContentType = 'text'>(
  workspace: BatchWorkspace,
  options: ReconcileWorkspaceOptions<Content, Type> = {},
): Promise<WorkspaceReport> {
  return withWorkspace(workspace, options, (run) => onePass(run))
}

/** Runs `work` while no other process can work on the workspace. The options are looked at first. */
export function withWorkspace<Result>(
  workspace: BatchWorkspace,
  options: object,
  work: (run: Run, choices: Choices) => Promise<Result>,
): Promise<Result> {
  return withRun(workspace, options, (run, choices) =>
    whileHeld({ ...run, workspace }, () => work(run, choices)),
  )
}

/** One pass for callers that hold the workspace. */
export async function onePass(run: Run, options: PassOptions = {}): Promise<WorkspaceReport> {
  const { workspace, sentBefore, sentElsewhere } = run
  const { isWanted = () => true, runTriple = (triple) => runToRest(run, triple) } = options
  const { batchOf = (triple) => waitingBatch(workspace, triple), sleepOn = () => null } = options
  sentBefore.forget()
  sentElsewhere.forget()
  const runTriples = await loadScheduler()
  const scan = await scanWorkspace(workspace)
  const triples = scan.triples.filter(isWanted)
  const sizes = await measureTriples(workspace, triples)
  reportScan(run, scan, triples.length, totalBytesOf(sizes))
  const seen = new Set(scan.triples.map(sightOf))
  const reports = new Map<string, TripleReport | null>()
  for (let batch = triples; batch.length > 0; batch = await newTriples(run, seen)) {
    await prefetchStatuses(run, batch, batchOf)
    const awake = batch.filter((triple) => {
      const report = sleepOn(triple)
      reports.set(triple.index, report)
      if (report !== null) run.report({ type: 'triple.settled', index: triple.index, report })
      return report === null
    })
    const found = await runTriples(run, awake, sizes, runTriple)
    for (const [position, { index }] of awake.entries()) reports.set(index, found[position] ?? null)
  }
  const settled = [...reports.values()].filter((one) => one !== null)
  const unsettled = [...reports].flatMap(([index, report]) => (report === null ? [index] : []))
  return {
    // The results of a lineage may have been written again since the triple came to rest.
    triples: settled.map((report) => withLineage(run, report)),
    unconfirmed: [...unconfirmedOf(settled), ...(await unconfirmedAmong(workspace, unsettled))],
    warnings: scan.warnings.map(({ message }) => message),
    isInterrupted: unsettled.length > 0,
  }
}

const loadScheduler = onFirstUse(async () => (await import('./run-triples.js')).runTriples)

export interface PassOptions {
  /** Leaves triples out, which are then not in the report. */
  readonly isWanted?: (triple: BatchFileTriple) => boolean
  readonly runTriple?: RunTriple
  /** Looked up on the disk unless given. */
  readonly batchOf?: BatchOf
  /** The report of a triple that nothing happened to since, so that it need not run; `null` when it runs. */
  readonly sleepOn?: (triple: BatchFileTriple) => TripleReport | null
}

async function unconfirmedAmong(
  workspace: BatchWorkspace,
  indices: readonly string[],
): Promise<readonly UnconfirmedSubmission[]> {
  const found: UnconfirmedSubmission[] = []
  for (const index of indices) {
    const one = await unconfirmedSubmission(workspace, index)
    if (one !== null) found.push(one)
  }
  return found
}

/** Retries that were written during the pass belong to it. Each lineage has a last attempt, so this ends. */
async function newTriples({ workspace, signal }: Run, seen: Set<string>): Promise<BatchFileTriple[]> {
  if (signal.aborted) return []
  const { triples } = await scanWorkspace(workspace)
  // Metadata alone that stays alone, or is what a move has left so far, is nothing new.
  const found = triples.filter((triple) => !seen.has(withData(triple.index)) && !seen.has(sightOf(triple)))
  for (const triple of found) seen.add(sightOf(triple))
  return found
}

/** A crash can leave the metadata of a retry alone; its parent then writes the input later in the same pass. */
function sightOf({ index, input, output, error }: BatchFileTriple): string {
  return input === null && output === null && error === null ? index : withData(index)
}

const withData = (index: string): string => `${index} with data`

function reportScan({ report }: Run, { warnings }: WorkspaceScan, triples: number, totalBytes: number): void {
  report({ type: 'workspace.scanned', triples, totalBytes })
  for (const { message } of warnings) report({ type: 'warning', index: null, message })
}
