import { join } from 'node:path'
import { parseBatchIndex, type BatchIndex } from './batch-index.js'
import { isTemporaryName } from './durable-write.js'
import { parseBatchFileName } from './file-names.js'
import { asFileProblem } from './file-problem.js'
import { workspaceDirectories } from './layout.js'
import { locateTriple } from './locate-triple.js'
import type { BatchWorkspace } from './open-workspace.js'
import { removeIfThere } from './remove-if-there.js'
import { isEmptyTriple, listOrNothing } from './scan.js'

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
  return [...removed, ...(await removeRowsOfMovedTriples(workspace))]
}

/**
 * The rows of an attempt go last; a power cut after the move may bring them back, and nobody will ask for them again.
 * Also beside workers: a triple that is at work has its metadata in `workdir/` until its rows are gone.
 */
export async function removeRowsOfMovedTriples(workspace: BatchWorkspace): Promise<readonly string[]> {
  const { layout, fileSystem } = workspace
  const removed: string[] = []
  for (const { name } of await listOrNothing(workspace, layout.logs)) {
    const index = parseBatchIndex(/^batch_rows_(.+)\.part\.jsonl$/.exec(name)?.[1] ?? '')
    if (index === null) continue
    const path = layout.rowsFile(index)
    if (await isAtWork(workspace, index)) continue
    await removeIfThere(fileSystem, path).catch(asFileProblem({ path, action: 'remove', index }))
    removed.push(path)
  }
  return removed
}

/** Any file of the triple still in `workdir/`, under any spelling of its index. */
async function isAtWork(workspace: BatchWorkspace, index: BatchIndex): Promise<boolean> {
  return !isEmptyTriple(await locateTriple(workspace, index))
}

async function staleFiles(workspace: BatchWorkspace, directory: string): Promise<string[]> {
  const { layout } = workspace
  const entries = await listOrNothing(workspace, directory)
  // Repairs are named after the requests; everywhere else our names begin with `batch_`.
  const isOurs = (name: string): boolean =>
    (isTemporaryName(name) && (directory === layout.failedJsonRepairs || name.startsWith('.batch_'))) ||
    (directory === layout.workdir && isPartName(name))
  return entries
    .filter(({ name, kind }) => kind === 'file' && isOurs(name))
    .map(({ name }) => join(directory, name))
}

/** A download that was cut short is begun anew, or not at all when somebody brought the file meanwhile. */
const isPartName = (name: string): boolean =>
  name.endsWith('.part') && parseBatchFileName(name.slice(0, -'.part'.length)).type === 'batch-file'
