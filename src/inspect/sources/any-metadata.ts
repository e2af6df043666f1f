import type { BatchIndex } from '../../workspace/batch-index.js'
import { locateTriple } from '../../workspace/locate-triple.js'
import { readMetadata, type BatchMetadata } from '../../workspace/metadata.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'

/** The metadata of a triple, also of one that is done. Rejects for metadata that cannot be read. */
export async function anyMetadata(
  workspace: BatchWorkspace,
  index: BatchIndex,
): Promise<BatchMetadata | null> {
  const standing = await readMetadata(workspace, await locateTriple(workspace, index))
  return standing ?? readMetadata(workspace, workspace.layout.doneFile('metadata', index))
}
