import { isBatchReconciliationError } from '../errors.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanDone } from '../workspace/scan-done.js'
import { scanWorkspace } from '../workspace/scan.js'

/** Which triple's metadata names which batch, finished or not. Reads the metadata of all. */
export async function batchOwners(workspace: BatchWorkspace): Promise<ReadonlyMap<string, BatchIndex>> {
  const owners = new Map<string, BatchIndex>()
  const note = async (index: BatchIndex, path: string | null): Promise<void> => {
    const batchId = path === null ? null : await batchIn(workspace, path)
    if (batchId !== null && !owners.has(batchId)) owners.set(batchId, index)
  }
  for (const { index, metadata } of (await scanWorkspace(workspace)).triples) await note(index, metadata)
  for (const { index, metadata } of await scanDone(workspace)) await note(index, metadata)
  return owners
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
