import { basename } from 'node:path'
import { failedForGoodOf, readLineageRows, type LineageRows } from '../accounting/results/lineage-rows.js'
import { compareBatchIndices, parseBatchIndex, type BatchIndex } from '../workspace/batch-index.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { DoneTriple } from '../workspace/scan-done.js'
import { listOrNothing } from '../workspace/scan.js'

/** A finished lineage with requests that failed for good, as its results have it. */
export interface FailedLineage extends LineageRows {
  readonly rootIndex: BatchIndex
}

export interface FailedLineages {
  /** By root, in the order of the indices. */
  readonly lineages: readonly FailedLineage[]
  /** Finished triples with a file in `failed-items/` of which nobody could tell: too many, or without results that can be read in time. */
  readonly unread: number
}

/** Results that a status reads: at most so many files, and so many bytes of them together (about a second). */
const mostLineages = 200
const mostBytes = 256 * 1024 * 1024

/**
 * Which finished lineages have requests that failed for good. One listing of `failed-items/` says where to look; what
 * a later triple answered, or tries again, is told by the results.
 */
export async function failedLineages(
  workspace: BatchWorkspace,
  done: readonly DoneTriple[],
): Promise<FailedLineages> {
  const names = new Set(
    (await listOrNothing(workspace, workspace.layout.failedItems)).map(({ name }) => name),
  )
  const suspects = done.filter(({ index }) => names.has(basename(workspace.layout.failedFile(index))))
  const found = new Map<BatchIndex, FailedLineage | null>()
  let bytesLeft = mostBytes
  let unread = 0
  for (const triple of suspects) {
    const rootIndex = found.size < mostLineages ? await rootOf(workspace, triple) : null
    if (rootIndex !== null && found.has(rootIndex)) continue
    const results = rootIndex === null ? null : await resultsOf(workspace, rootIndex)
    if (rootIndex === null || results === null || results.bytes > bytesLeft) unread += 1
    else {
      bytesLeft -= results.bytes
      found.set(rootIndex, await failedLineage(workspace, rootIndex, results.path))
    }
  }
  const lineages = [...found.values()]
    .filter((lineage) => lineage !== null)
    .toSorted((left, right) => compareBatchIndices(left.rootIndex, right.rootIndex))
  return { lineages, unread }
}

/** `null` when its metadata cannot be read: `verify` tells what is wrong with a finished triple. */
async function rootOf(
  workspace: BatchWorkspace,
  { index, metadata }: DoneTriple,
): Promise<BatchIndex | null> {
  if (metadata === null) return index
  const noted = await readMetadata(workspace, metadata).catch(() => null)
  return noted === null ? null : parseBatchIndex(noted.root_index ?? index)
}

async function resultsOf(
  { fileSystem, layout }: BatchWorkspace,
  rootIndex: BatchIndex,
): Promise<{ readonly path: string; readonly bytes: number } | null> {
  const path = layout.resultsFile(rootIndex)
  const found = await fileSystem.stat(path).catch(() => null)
  return found?.kind === 'file' ? { path, bytes: found.bytes } : null
}

/** `null` when every request that failed was answered later, or is tried again. */
async function failedLineage(
  { fileSystem }: BatchWorkspace,
  rootIndex: BatchIndex,
  resultsPath: string,
): Promise<FailedLineage | null> {
  const rows = await readLineageRows(fileSystem, resultsPath).catch(() => null)
  return rows === null || failedForGoodOf(rows) === 0 ? null : { rootIndex, ...rows }
}
