import { compareBatchIndices, parseBatchIndex, type BatchIndex } from '../../workspace/batch-index.js'
import { lookAtTriple } from '../../workspace/locate-triple.js'
import { readMetadata } from '../../workspace/metadata.js'
import { standingPath } from '../../workspace/move-intent.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { scanDone } from '../../workspace/scan-done.js'
import { listOrNothing, scanWorkspace } from '../../workspace/scan.js'

/**
 * The roots of all lineages, finished or not: those that triples name, and those of which only the results are left.
 *
 * @throws BatchMetadataUnreadable: a retry that passed for a root would have its requests in the table twice
 */
export async function rootsOf(workspace: BatchWorkspace): Promise<readonly BatchIndex[]> {
  const roots = new Set<BatchIndex>()
  for (const [index, metadata] of await metadataOfAll(workspace))
    roots.add(await rootOf(workspace, index, metadata))
  for (const { name } of await listOrNothing(workspace, workspace.layout.target)) {
    const index = parseBatchIndex(/^batch_results_(.+)\.jsonl$/.exec(name)?.[1] ?? '')
    if (index !== null) roots.add(index)
  }
  return [...roots].toSorted(compareBatchIndices)
}

/** Where the metadata of each triple stands. It is the last to move: that of a triple in `done/` may be in `workdir/`. */
async function metadataOfAll(workspace: BatchWorkspace): Promise<ReadonlyMap<BatchIndex, string | null>> {
  const found = new Map<BatchIndex, string | null>()
  const { triples } = await scanWorkspace(workspace)
  for (const { index, metadata } of [...triples, ...(await scanDone(workspace))])
    found.set(index, found.get(index) ?? metadata)
  return found
}

async function rootOf(
  workspace: BatchWorkspace,
  index: BatchIndex,
  metadata: string | null,
): Promise<BatchIndex> {
  if (metadata === null) return index
  // A run may have moved it since.
  const noted =
    (await readMetadata(workspace, metadata)) ??
    (await readMetadata(workspace, workspace.layout.doneFile('metadata', index)))
  return parseBatchIndex(noted?.root_index ?? index) ?? index
}

/** What stands of a lineage at this moment: a run may go on meanwhile. */
export interface LineageFiles {
  readonly rootIndex: BatchIndex
  /** Absolute path of its results; `null` before there are any. */
  readonly results: string | null
  /** Absolute path of the root's input. */
  readonly input: string | null
  /** The root is finished, or was moved by hand. */
  readonly isInDone: boolean
  /** What the root's metadata says. */
  readonly endpoint: string | null
}

export async function lookAtLineage(workspace: BatchWorkspace, rootIndex: BatchIndex): Promise<LineageFiles> {
  const { fileSystem, layout } = workspace
  const { triple } = await lookAtTriple(workspace, rootIndex)
  const metadata = standingPath(workspace, triple, 'metadata')
  const noted = metadata === null ? null : await readMetadata(workspace, metadata)
  // Last: they are published before the input moves, so that one in `done/` has them unless somebody took them away.
  const results = layout.resultsFile(rootIndex)
  return {
    rootIndex,
    results: (await fileSystem.stat(results)) === null ? null : results,
    input: standingPath(workspace, triple, 'input'),
    isInDone: triple.input === null,
    endpoint: noted?.endpoint ?? null,
  }
}
