import type { Problem } from '../../machines/index.js'
import { firstUrlIn } from '../accounting/requests/request-lines.js'
import { supersededFiles } from '../actors/answers-paid.js'
import { readUsage, type UsageSources } from '../accounting/usage/read-usage.js'
import { UsageTally, type Usage } from '../accounting/usage/usage-tally.js'
import { isBatchReconciliationError } from '../errors.js'
import { compareBatchIndices, parseBatchIndex, type BatchIndex } from '../workspace/batch-index.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanDone } from '../workspace/scan-done.js'
import { scanWorkspace } from '../workspace/scan.js'
import type { ReportEvent } from './events.js'
import { withReadingRun, type ReadingRun } from './run.js'

export interface UsageOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ReportEvent | undefined
}

/** What one lineage took: its root and all its retries. */
export interface LineageUsage extends Usage {
  readonly rootIndex: BatchIndex
  /** Triples whose answers are here. */
  readonly triples: number
}

export interface WorkspaceUsage extends Usage {
  /** In the order of the indices. */
  readonly lineages: readonly LineageUsage[]
  /** Triples whose answers could not be read; the rest is counted. */
  readonly problems: readonly { readonly index: BatchIndex; readonly problem: Problem }[]
}

/**
 * The tokens of every answer in the workspace, of all attempts: finished and not, good, cut, turned down, and replaced by a
 * later download. Reads output and error files; changes nothing, and needs no lock.
 */
export function workspaceUsage(
  workspace: BatchWorkspace,
  options: UsageOptions = {},
): Promise<WorkspaceUsage> {
  return withReadingRun(workspace, options, readAll)
}

async function readAll(run: ReadingRun): Promise<WorkspaceUsage> {
  const all = new UsageTally()
  const lineages = new Map<BatchIndex, { readonly tally: UsageTally; triples: number }>()
  const problems: { index: BatchIndex; problem: Problem }[] = []
  for (const batch of await batchesWithAnswers(run.workspace)) {
    const { index, files } = batch
    run.signal.throwIfAborted()
    try {
      const { endpoint, rootIndex } = await noted(run, batch)
      const { fileSystem: fs } = run.workspace
      const usage = await readUsage({ fs, index, files, endpoint, signal: run.signal })
      all.addAll(usage)
      const lineage = lineages.get(rootIndex) ?? { tally: new UsageTally(), triples: 0 }
      lineage.tally.addAll(usage)
      lineage.triples += 1
      lineages.set(rootIndex, lineage)
    } catch (error) {
      if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
      problems.push({ index, problem: error.problem })
    }
  }
  return { ...all.usage, lineages: inOrder(lineages), problems }
}

function inOrder(
  lineages: ReadonlyMap<BatchIndex, { readonly tally: UsageTally; readonly triples: number }>,
): readonly LineageUsage[] {
  return [...lineages]
    .map(([rootIndex, { tally, triples }]) => ({ rootIndex, triples, ...tally.usage }))
    .toSorted((left, right) => compareBatchIndices(left.rootIndex, right.rootIndex))
}

interface BatchAnswers {
  readonly index: BatchIndex
  readonly files: UsageSources['files'][number][]
  input: string | null
  metadata: string | null
}

/** Output and error files by index, wherever they stand; those with none are left out. */
async function batchesWithAnswers(workspace: BatchWorkspace): Promise<readonly BatchAnswers[]> {
  const found = new Map<BatchIndex, BatchAnswers>()
  const batchOf = (index: BatchIndex): BatchAnswers => {
    const batch = found.get(index) ?? { index, files: [], input: null, metadata: null }
    found.set(index, batch)
    return batch
  }
  for (const triple of [...(await scanWorkspace(workspace)).triples, ...(await scanDone(workspace))]) {
    for (const kind of ['output', 'error'] as const) {
      const path = triple[kind]
      if (path !== null) batchOf(triple.index).files.push({ kind, path })
    }
    const batch = found.get(triple.index)
    if (batch === undefined) continue
    batch.input ??= triple.input
    batch.metadata ??= triple.metadata
  }
  for (const { index, kind, path } of await supersededFiles(workspace))
    batchOf(index).files.push({ kind, path })
  return [...found.values()].toSorted((left, right) => compareBatchIndices(left.index, right.index))
}

/** Of its metadata; without one it is a root, sent where its first request says. */
async function noted(
  { workspace, signal }: ReadingRun,
  { index, input, metadata: path }: BatchAnswers,
): Promise<{ readonly endpoint: string | null; readonly rootIndex: BatchIndex }> {
  const metadata = path === null ? null : await readMetadata(workspace, path)
  const rootIndex = parseBatchIndex(metadata?.root_index ?? index) ?? index
  if (metadata?.endpoint != null || input === null) return { endpoint: metadata?.endpoint ?? null, rootIndex }
  const toProblem = asFileProblem({ path: input, action: 'read', index })
  return { endpoint: await firstUrlIn(workspace.fileSystem, input, { signal }).catch(toProblem), rootIndex }
}
