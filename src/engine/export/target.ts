import { dirname, sep } from 'node:path'
import { reconciliationError } from '../../errors.js'
import { asFileProblem } from '../../workspace/file-problem.js'
import type { FileStat } from '../../workspace/file-system.js'
import { workspaceDirectories } from '../../workspace/layout.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'

/**
 * Refuses a path at which no export may stand.
 *
 * @throws WrongUsage in a folder of the workspace, in one that does not exist, or where a file stands that may not be replaced
 */
export async function requireTarget(
  workspace: BatchWorkspace,
  path: string,
  mayReplace: boolean,
): Promise<void> {
  const { fileSystem, layout } = workspace
  const directory = dirname(path)
  const ownFolders = [...workspaceDirectories(layout), layout.workers]
  const look = (at: string): Promise<FileStat | null> =>
    fileSystem.stat(at).catch(asFileProblem({ path: at, action: 'look at' }))
  const spelled = ownFolders.find((own) => path.startsWith(own + sep))
  if (spelled !== undefined) throw refused(path, `${spelled} holds files of the workspace`, elsewhere)
  if (path === layout.lockFile) throw refused(path, 'it is the lock of the workspace', elsewhere)
  const folder = await look(directory)
  if (folder?.kind !== 'directory') throw refused(path, `${directory} is no folder`, 'Make it first')
  // Another spelling of one of them, such as a symbolic link.
  for (const own of ownFolders)
    if (folder.inode !== null && (await look(own))?.inode === folder.inode)
      throw refused(path, `${own} holds files of the workspace`, elsewhere)
  const standing = await look(path)
  if (standing !== null && standing.kind !== 'file')
    throw refused(
      path,
      `${standing.kind === 'directory' ? 'a folder' : 'no regular file'} stands there`,
      elsewhere,
    )
  if (standing !== null && !mayReplace) throw fileStands(path)
}

const elsewhere = 'Name a file elsewhere'

/** What stands at the path was not written by this export. */
export function fileStands(path: string): Error {
  return refused(
    path,
    'something stands there already',
    'Name another file, or add --overwrite (shouldOverwrite: true in a program)',
  )
}

function refused(path: string, why: string, cure: string): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message: `The export cannot be written to ${path}: ${why}.`,
    hint: `${cure}. Nothing was written.`,
    facts: { path },
  })
}
