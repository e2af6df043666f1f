import { isBatchReconciliationError } from '../errors.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanDone } from '../workspace/scan-done.js'
import { scanWorkspace } from '../workspace/scan.js'

/** The triple whose metadata names this batch, finished or not; `null` when none does. */
export async function findOwnerOfBatch(
  workspace: BatchWorkspace,
  batchId: string,
): Promise<BatchIndex | null> {
  const { triples } = await scanWorkspace(workspace)
  for (const { index, metadata } of triples) {
    if (metadata !== null && (await batchIn(workspace, metadata)) === batchId) return index
  }
  for (const { index } of await scanDone(workspace)) {
    const path = workspace.layout.doneFile('metadata', index)
    if ((await batchIn(workspace, path)) === batchId) return index
  }
  return null
}

/** Metadata nobody can read is its own triple's problem, and names no batch. */
async function batchIn(workspace: BatchWorkspace, path: string): Promise<string | null> {
  try {
    return (await readMetadata(workspace, path))?.batch_id ?? null
  } catch (error) {
    if (isBatchReconciliationError(error) && error.code === 'BatchMetadataUnreadable') return null
    throw error
  }
}
