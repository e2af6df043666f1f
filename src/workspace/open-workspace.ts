import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { BatchReconciliationError } from '../errors.js'
import { reconciliationError } from '../errors.js'
import { parseBatchFileName } from './file-names.js'
import { asFileProblem } from './file-problem.js'
import type { FileSystem } from './file-system.js'
import type { WorkspaceLayout } from './layout.js'
import { workspaceDirectories, workspaceLayout } from './layout.js'
import { nodeFileSystem } from './node-file-system.js'

/** A folder of triples, where everything in it stands, and the disk it is on. */
export interface BatchWorkspace {
  /** Absolute path. */
  readonly root: string
  readonly layout: WorkspaceLayout
  readonly fileSystem: FileSystem
}

export interface OpenWorkspaceOptions {
  /** Node's disk unless given. */
  readonly fileSystem?: FileSystem
  /** Makes the folder and its six directories where they are missing. Off unless given: opening changes nothing. */
  readonly create?: boolean
}

/**
 * Opens a workspace folder. Throws `WorkspaceNotFound` when there is none, or when the folder is probably not the
 * one that was meant.
 *
 * @example const workspace = await openWorkspace('./batches')
 */
export async function openWorkspace(
  root: string,
  options: OpenWorkspaceOptions = {},
): Promise<BatchWorkspace> {
  const layout = workspaceLayout(resolve(root))
  const workspace = { root: layout.root, layout, fileSystem: options.fileSystem ?? nodeFileSystem }
  const isCreating = options.create === true
  await requireRoot(workspace, isCreating)
  await requireWorkdir(workspace, isCreating)
  if (isCreating) await createWorkspaceDirectories(workspace)
  return workspace
}

/** Makes the six directories that are missing; those that stand stay as they are. */
export async function createWorkspaceDirectories({ layout, fileSystem }: BatchWorkspace): Promise<void> {
  for (const path of workspaceDirectories(layout)) {
    await fileSystem.makeDirectory(path).catch(asFileProblem({ path, action: 'create the directory' }))
  }
  const path = layout.root
  await fileSystem.syncDirectory(path).catch(asFileProblem({ path, action: 'sync the directory' }))
}

/** A workspace in a temporary folder, for trying things out and for tests; `remove` deletes all of it. */
export async function createTemporaryWorkspace(): Promise<{
  readonly workspace: BatchWorkspace
  readonly remove: () => void
}> {
  const root = mkdtempSync(join(tmpdir(), 'batch-workspace-'))
  const workspace = await openWorkspace(root, { create: true })
  return { workspace, remove: () => rmSync(root, { recursive: true, force: true }) }
}

async function requireRoot({ root, fileSystem }: BatchWorkspace, isCreating: boolean): Promise<void> {
  const found = await fileSystem.stat(root).catch(asFileProblem({ path: root, action: 'look at' }))
  if (found === null && !isCreating) throw notFound(root, `${root} does not exist.`, makeIt)
  if (found !== null && found.kind !== 'directory') {
    throw notFound(root, `${root} is a file; a workspace folder was expected.`, nameTheFolder)
  }
}

async function requireWorkdir(workspace: BatchWorkspace, isCreating: boolean): Promise<void> {
  const { root, layout, fileSystem } = workspace
  const found = await fileSystem
    .stat(layout.workdir)
    .catch(asFileProblem({ path: layout.workdir, action: 'look at' }))
  if (found !== null) {
    if (found.kind === 'directory') return
    throw notFound(root, `${layout.workdir} is a file; a directory was expected.`, 'Move that file away.')
  }
  const example = await looseBatchFile(workspace)
  if (example !== null) {
    throw notFound(
      root,
      `${root} has no workdir/, but batch files lie in it directly, such as ${example}.`,
      moveThem,
    )
  }
  if (!isCreating) throw notFound(root, `${root} is no workspace: it has no workdir/.`, makeIt)
}

const makeIt =
  'Check the path. For a new workspace: make the folder with a workdir/ in it and put the batch files there.'
const nameTheFolder = 'Name the folder that holds workdir/ and done/.'
const moveThem =
  'Move the batch files into a directory workdir/ in it. If this is a workdir already, name its parent folder.'

async function looseBatchFile({ root, fileSystem }: BatchWorkspace): Promise<string | null> {
  const found = await fileSystem.stat(root).catch(asFileProblem({ path: root, action: 'look at' }))
  if (found === null) return null
  const entries = await fileSystem.list(root).catch(asFileProblem({ path: root, action: 'list' }))
  return entries.find(({ name }) => parseBatchFileName(name).type === 'batch-file')?.name ?? null
}

function notFound(root: string, message: string, hint: string): BatchReconciliationError {
  return reconciliationError({ code: 'WorkspaceNotFound', message, hint, needsPerson: true, facts: { root } })
}
