import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isBatchReconciliationError } from '../../src/errors.js'
import type { BatchReconciliationError } from '../../src/errors.js'
import type { FileSystem } from '../../src/workspace/file-system.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import type { BatchWorkspace } from '../../src/workspace/open-workspace.js'
import { openWorkspace } from '../../src/workspace/open-workspace.js'

/** Runs `use` with an empty directory and removes it afterwards. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'workspace-test-'))
  try {
    return await use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Runs `use` with a fresh workspace that holds `files` (paths from its root). */
export function withWorkspace<T>(
  files: Readonly<Record<string, string>>,
  use: (workspace: BatchWorkspace) => Promise<T>,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<T> {
  return withDirectory(async (root) => {
    const workspace = await openWorkspace(root, { create: true, fileSystem })
    putFiles(root, files)
    return use(workspace)
  })
}

export function putFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
}

/** Every file below `root` with its content, by path from `root`. */
export function filesBelow(root: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(join(root, prefix)).toSorted()) {
    const path = prefix === '' ? name : `${prefix}/${name}`
    if (statSync(join(root, path)).isDirectory()) Object.assign(found, filesBelow(root, path))
    else found[path] = readFileSync(join(root, path), 'utf8')
  }
  return found
}

/** The same workspace on another disk. */
export function onDisk(workspace: BatchWorkspace, fileSystem: FileSystem): BatchWorkspace {
  return { ...workspace, fileSystem }
}

/** The error of this package that `action` rejects with; anything else fails the test. */
export async function rejection(action: Promise<unknown>): Promise<BatchReconciliationError> {
  const error: unknown = await action.then(
    () => new Error('it did not reject'),
    (reason: unknown) => reason,
  )
  if (isBatchReconciliationError(error)) return error
  throw error
}

/** Node's disk without its syncs: a test that crashes a thousand times proves nothing more by waiting for them. */
export const unsyncedFileSystem: FileSystem = {
  ...nodeFileSystem,
  syncDirectory: async () => {},
  open: async (path, mode) => ({ ...(await nodeFileSystem.open(path, mode)), sync: async () => {} }),
}
