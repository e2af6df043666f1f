import type { BatchIndex } from '../workspace/batch-index.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'

/** Whether an input of this index stands in the workspace, finished or not. */
export async function hasInput({ fileSystem, layout }: BatchWorkspace, index: BatchIndex): Promise<boolean> {
  const places = [layout.workdirFile('input', index), layout.doneFile('input', index)]
  for (const path of places) if ((await fileSystem.stat(path)) !== null) return true
  return false
}
