import { join } from 'node:path'
import { isTemporaryName } from './durable-write.js'
import { asFileProblem } from './file-problem.js'
import { workspaceDirectories } from './layout.js'
import type { BatchWorkspace } from './open-workspace.js'
import { systemErrorCode } from './system-error-code.js'

/**
 * Removes temporary files of ours that a crash left behind; gives their paths. Only for the holder of the
 * workspace's lock: another process may be writing one this moment.
 */
export async function removeStaleTemporaryFiles(workspace: BatchWorkspace): Promise<readonly string[]> {
  const removed: string[] = []
  for (const directory of workspaceDirectories(workspace.layout)) {
    for (const path of await staleFiles(workspace, directory)) {
      await workspace.fileSystem.remove(path).catch(asFileProblem({ path, action: 'remove' }))
      removed.push(path)
    }
  }
  return removed
}

async function staleFiles({ layout, fileSystem }: BatchWorkspace, directory: string): Promise<string[]> {
  const entries = await fileSystem.list(directory).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return []
    return asFileProblem({ path: directory, action: 'list' })(error)
  })
  // Repairs are named after the requests; everywhere else our names begin with `batch_`.
  const isOurs = (name: string): boolean =>
    isTemporaryName(name) && (directory === layout.failedJsonRepairs || name.startsWith('.batch_'))
  return entries
    .filter(({ name, kind }) => kind === 'file' && isOurs(name))
    .map(({ name }) => join(directory, name))
}
