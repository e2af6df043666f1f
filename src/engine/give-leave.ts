import type { BatchIndex } from '../workspace/batch-index.js'
import { readMetadata, updateMetadata, type BatchMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'

/**
 * A triple that was cancelled before it became a batch, or that waits for somebody's word because its requests may have
 * been answered, may be sent from now on: a person asks for it. True when it was written to be sent and no batch was
 * asked for, so that it is sent now, also when an earlier call got no further than this.
 *
 * @param path of its metadata, absolute
 */
export async function giveLeave(workspace: BatchWorkspace, path: string): Promise<boolean> {
  const metadata = await readMetadata(workspace, path)
  if (metadata === null || !isUnsent(metadata)) return false
  if (metadata.cancel != null || metadata.needs_leave === true) {
    await updateMetadata(workspace, path, { cancel: null, needs_leave: null })
  }
  return metadata.root_index != null
}

const isUnsent = ({ batch_id: batchId, submission }: BatchMetadata): boolean =>
  batchId === null && submission == null

/** As `giveLeave`, for all of them. */
export async function giveLeaveToAll(
  workspace: BatchWorkspace,
  indices: Iterable<BatchIndex>,
): Promise<void> {
  for (const index of indices) await giveLeave(workspace, workspace.layout.workdirFile('metadata', index))
}
