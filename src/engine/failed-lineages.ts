import { basename } from 'node:path'
import {
  failedForGoodOf,
  readLineageRows,
  stoppedOf,
  type LineageRows,
} from '../accounting/results/lineage-rows.js'
import { compareBatchIndices, parseBatchIndex, type BatchIndex } from '../workspace/batch-index.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { DoneTriple } from '../workspace/scan-done.js'
import { listOrNothing } from '../workspace/scan.js'

/** A finished lineage with requests that failed for good, or never ran because somebody stopped them, as its results have it. */
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
  const found: (FailedLineage & { readonly bytes: number })[] = []
  const seen = new Set<BatchIndex>()
  let bytesLeft = mostBytes
  let unread = 0
  for (const triple of suspects) {
    const rootIndex = seen.size < mostLineages ? await rootOf(workspace, triple) : null
    if (rootIndex !== null && seen.has(rootIndex)) continue
    if (rootIndex !== null) seen.add(rootIndex)
    const lineage = rootIndex === null ? null : await readLineage(workspace, rootIndex, bytesLeft)
    if (lineage === null) unread += 1
    else {
      bytesLeft -= lineage.bytes
      if (failedForGoodOf(lineage) + stoppedOf(lineage) > 0) found.push(lineage)
    }
  }
  const lineages = found
    .map(({ rootIndex, rows, failedForGood }) => ({ rootIndex, rows, failedForGood }))
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

/** `null` when there are no results that can be read within so many bytes. */
async function readLineage(
  { fileSystem, layout }: BatchWorkspace,
  rootIndex: BatchIndex,
  bytesLeft: number,
): Promise<(FailedLineage & { readonly bytes: number }) | null> {
  const path = layout.resultsFile(rootIndex)
  const found = await fileSystem.stat(path).catch(() => null)
  if (found?.kind !== 'file' || found.bytes > bytesLeft) return null
  const rows = await readLineageRows(fileSystem, path).catch(() => null)
  return rows === null ? null : { rootIndex, ...rows, bytes: found.bytes }
}
