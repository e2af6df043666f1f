import { onFirstUse } from '../on-first-use.js'
import { asFileProblem } from './file-problem.js'
import type { LockHolder } from './lock-schema.js'
import type { BatchWorkspace } from './open-workspace.js'
import { readWholeFile } from './read-whole-file.js'
import { isNoRegularFile, systemErrorCode } from './system-error-code.js'

export type { LockHolder } from './lock-schema.js'

export type WorkspaceLockState =
  | { readonly type: 'free' }
  | { readonly type: 'held'; readonly holder: LockHolder }
  /** There is a lock file and nobody can tell whose; it counts as held. */
  | { readonly type: 'unreadable' }

/** Reads the lock file of a workspace; changes nothing. */
export function readWorkspaceLock({ layout, fileSystem }: BatchWorkspace): Promise<WorkspaceLockState> {
  const path = layout.lockFile
  return readLockFile(fileSystem, path).catch(asFileProblem({ path, action: 'read the lock' }))
}

/** The same for a lock file under any name. Rejects with the system's error. */
export async function readLockFile(
  fileSystem: BatchWorkspace['fileSystem'],
  path: string,
): Promise<WorkspaceLockState> {
  try {
    return await parseLock(await readWholeFile(fileSystem, path))
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { type: 'free' }
    if (isNoRegularFile(error)) return { type: 'unreadable' }
    throw error
  }
}

const loadSchema = onFirstUse(async () => (await import('./lock-schema.js')).holderSchema)

async function parseLock(bytes: Uint8Array): Promise<WorkspaceLockState> {
  const result = (await loadSchema()).safeParse(parseJson(new TextDecoder().decode(bytes)))
  return result.success ? { type: 'held', holder: result.data } : { type: 'unreadable' }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
