import { join, resolve } from 'node:path'
import { reconciliationError } from '../../errors.js'
import { asFileProblem } from '../../workspace/file-problem.js'
import { parseBatchFileName } from '../../workspace/file-names.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'

/** More files than this are no import by hand. */
const mostFiles = 10_000

/**
 * The files at these paths, and in folders all files below them; in the order of the paths, each once. Hidden ones, and the
 * batch files of the workspace itself, are passed over.
 *
 * @throws WrongUsage for a path at which nothing stands, and for too many files
 */
export async function findFiles(
  workspace: BatchWorkspace,
  from: readonly string[],
): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const path of from.map((each) => resolve(each))) await addFiles(workspace, path, found)
  return [...found]
}

async function addFiles(workspace: BatchWorkspace, path: string, found: Set<string>): Promise<void> {
  const { fileSystem } = workspace
  const stat = await fileSystem.stat(path).catch(asFileProblem({ path, action: 'look at' }))
  if (stat === null) throw nothingThere(path)
  if (stat.kind === 'file') {
    if (found.size >= mostFiles) throw tooMany()
    if (!isOwnFile(workspace, path)) found.add(path)
    return
  }
  if (stat.kind !== 'directory' || isOwnFolder(workspace, path)) return
  const entries = await fileSystem.list(path).catch(asFileProblem({ path, action: 'list' }))
  const names = entries.flatMap(({ name, kind }) => (name.startsWith('.') || kind === 'other' ? [] : [name]))
  for (const name of names.toSorted()) await addFiles(workspace, join(path, name), found)
}

/** What stands in the workspace under a name of ours is there already. */
function isOwnFile({ layout }: BatchWorkspace, path: string): boolean {
  const folder = [layout.workdir, layout.done].find((each) => join(path, '..') === each)
  return folder !== undefined && parseBatchFileName(path.slice(folder.length + 1)).type === 'batch-file'
}

/** Results and proofs are no batch files. */
const isOwnFolder = ({ layout }: BatchWorkspace, path: string): boolean =>
  [layout.target, layout.failedItems, layout.failedJsonRepairs, layout.logs, layout.workers].includes(path)

function nothingThere(path: string): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message: `Nothing stands at ${path}.`,
    hint: 'Name files and folders that hold requests and answers; the workspace comes last. Nothing was touched.',
    facts: { path },
  })
}

function tooMany(): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message: `There are more than ${mostFiles} files.`,
    hint: 'Import them folder by folder; what is here already is passed over. Nothing was touched.',
  })
}
