import { asFileProblem } from '../workspace/file-problem.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { updateMetadata } from '../workspace/metadata.js'
import { hashFile } from '../workspace/read-whole-file.js'

interface Superseded {
  readonly index: string
  readonly kind: 'output' | 'error'
  /** The file that is about to be replaced; absolute. */
  readonly path: string
  readonly metadataPath: string | null
  /** What will take its place. */
  readonly replacedBy: string
}

/**
 * Gives the file that stands here a second name before a fresh download takes its place: nothing is overwritten. The
 * metadata say so first, since what stands in it was paid for.
 */
export async function keepSuperseded(workspace: BatchWorkspace, superseded: Superseded): Promise<void> {
  const { fileSystem, layout } = workspace
  const { index, kind, path, metadataPath, replacedBy } = superseded
  if ((await fileSystem.stat(path)) === null) return
  const sha256 = await hashFile(fileSystem, path)
  if (sha256 === (await hashFile(fileSystem, replacedBy))) return
  const keptPath = layout.supersededFile(kind, index, sha256)
  if ((await fileSystem.stat(keptPath)) !== null) return
  if (metadataPath !== null) await updateMetadata(workspace, metadataPath, { superseded: true })
  const failed = asFileProblem({ path: keptPath, action: 'write', index })
  await fileSystem.link(path, keptPath).catch(failed)
  await fileSystem.syncDirectory(layout.failedItems).catch(failed)
}
