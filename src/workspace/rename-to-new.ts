import type { FileSystem } from './file-system.js'
import { systemErrorCode } from './system-error-code.js'

/**
 * Gives a file another name in its directory, and never overwrites: rejects with `EEXIST` when something stands there.
 * A disk without second names is asked just before; what comes in between is replaced there.
 */
export async function renameToNew(fs: FileSystem, from: string, to: string): Promise<void> {
  try {
    await fs.link(from, to)
  } catch (error) {
    if (!cannotLink(error)) throw error
    await requireFree(fs, to)
    return fs.rename(from, to)
  }
  await fs.remove(from)
}

/** Rejects with `EEXIST` when something stands at the path. */
export async function requireFree(fs: FileSystem, path: string): Promise<void> {
  if ((await fs.stat(path)) === null) return
  throw Object.assign(new Error(`EEXIST: file already exists, '${path}'`), { code: 'EEXIST' })
}

/** Another disk, or one without second names (exFAT, some network mounts), or no right to give them. */
export function cannotLink(error: unknown): boolean {
  return linkRefusals.has(systemErrorCode(error) ?? '')
}

const linkRefusals: ReadonlySet<string> = new Set([
  'EXDEV',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
])
