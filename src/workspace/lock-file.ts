import { z } from 'zod'
import { asFileProblem } from './file-problem.js'
import type { BatchWorkspace } from './open-workspace.js'
import { readWholeFile } from './read-whole-file.js'
import { systemErrorCode } from './system-error-code.js'

const holderSchema = z.object({
  host: z.string(),
  pid: z.number().int().positive(),
  /** Tells two processes with one number apart; `null` where the system does not. */
  process_start: z.string().nullable(),
  /** Ours alone; by it a process knows its own lock. */
  token: z.string().regex(/^[0-9a-f]{32}$/),
  acquired_at_ms: z.number(),
})

/** Who works on a workspace, as the lock file says. */
export type LockHolder = z.infer<typeof holderSchema>

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
    return parseLock(await readWholeFile(fileSystem, path))
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { type: 'free' }
    if (['EISDIR', 'ENXIO'].includes(systemErrorCode(error) ?? '')) return { type: 'unreadable' }
    throw error
  }
}

function parseLock(bytes: Uint8Array): WorkspaceLockState {
  const result = holderSchema.safeParse(parseJson(new TextDecoder().decode(bytes)))
  return result.success ? { type: 'held', holder: result.data } : { type: 'unreadable' }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
