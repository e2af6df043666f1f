import { acquireWorkspaceLock } from '../workspace/hold-workspace.js'
import { createWorkspaceDirectories } from '../workspace/open-workspace.js'
import { removeStaleTemporaryFiles } from '../workspace/stale-files.js'
import type { ReadingRun } from './run.js'

/** Works while no other process can work on the workspace. What a crash left of unfinished writes is removed first. */
export async function whileHeld<Result>(
  { workspace, clock }: Pick<ReadingRun, 'workspace' | 'clock'>,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = await acquireWorkspaceLock(workspace, { clock })
  try {
    await createWorkspaceDirectories(workspace)
    await removeStaleTemporaryFiles(workspace)
    return await work()
  } finally {
    await lock.release()
  }
}
