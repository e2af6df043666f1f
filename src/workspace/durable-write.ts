import { randomUUID } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { EarlySyncs } from './early-syncs.js'
import type { FileSystem } from './file-system.js'
import { renameToNew } from './rename-to-new.js'

/** What a file is written from. Strings are written as UTF-8. */
export type FileContent = string | Uint8Array | AsyncIterable<Uint8Array>

/** A file that grows under a temporary name and appears under its own in one step. */
export interface DurableFile {
  write(bytes: Uint8Array): Promise<void>
  /** Makes the content durable and gives it its name, replacing what stood there. On failure: as `abort`. */
  commit(): Promise<void>
  /** The same for a name that nobody may have: rejects with `EEXIST` when something stands there by then. */
  commitNew(): Promise<void>
  /** Drops what was written; the file of that name stays as it was. Does nothing once committed. */
  abort(): Promise<void>
}

/**
 * Creates or replaces a file so that under its own name stands either the old content or the whole new one,
 * whenever power or the process goes: temporary name in the same directory → write → sync → rename → sync of the
 * directory. Rejects with the system's error; the temporary file is then removed and the target untouched
 * (except where only the last sync failed: the new content stands, and may not survive a power cut). A directory or a
 * pipe under the name is never replaced.
 */
export async function writeFileDurably(fs: FileSystem, path: string, content: FileContent): Promise<void> {
  const file = await beginDurableFile(fs, path)
  try {
    for await (const bytes of toChunks(content)) await file.write(bytes)
  } catch (error) {
    await file.abort()
    throw error
  }
  await file.commit()
}

/**
 * The same for content that arrives in pieces. The caller ends it with `commit` or `abort`.
 *
 * @param temporaryPath where it grows, in the same directory; nothing may stand there
 */
export async function beginDurableFile(
  fs: FileSystem,
  finalPath: string,
  temporaryPath: string = join(dirname(finalPath), temporaryName(basename(finalPath))),
): Promise<DurableFile> {
  await requireReplaceable(fs, finalPath)
  const file = await fs.open(temporaryPath, 'create')
  const earlySyncs = new EarlySyncs(file)
  const closeOnce = once(() => file.close())
  let hasEnded = false
  const abort = async (): Promise<void> => {
    if (hasEnded) return
    hasEnded = true
    // The first error is the one to report: what goes wrong while tidying up after it must not hide it.
    await earlySyncs.end().catch(() => {})
    await closeOnce().catch(() => {})
    await fs.remove(temporaryPath).catch(() => {})
  }
  const commitBy = async (giveName: () => Promise<void>): Promise<void> => {
    try {
      await earlySyncs.end()
      await file.sync()
      await closeOnce()
      await giveName()
      hasEnded = true
    } catch (error) {
      await abort()
      throw error
    }
    await fs.syncDirectory(dirname(finalPath))
  }
  return {
    async write(bytes) {
      await file.write(bytes)
      earlySyncs.add(bytes.byteLength)
    },
    abort,
    commit: () => commitBy(() => fs.rename(temporaryPath, finalPath)),
    commitNew: () => commitBy(() => renameToNew(fs, temporaryPath, finalPath)),
  }
}

/** A rename would put a pipe, a socket or a device away without a word. */
async function requireReplaceable(fs: FileSystem, path: string): Promise<void> {
  const standing = await fs.stat(path)
  if (standing === null || standing.kind === 'file') return
  const code = standing.kind === 'directory' ? 'EISDIR' : 'ENXIO'
  throw Object.assign(new Error(`${code}: no regular file, replace '${path}'`), { code })
}

/** True for the temporary names this file gives; nobody else's names look like them. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.[0-9a-f]{12}\.tmp$/.test(name)
}

function temporaryName(name: string): string {
  // 48 random bits; Node makes many of these at once, and asks the system for random bytes seldom.
  return `.${name}.${randomUUID().replace('-', '').slice(0, 12)}.tmp`
}

async function* toChunks(content: FileContent): AsyncIterable<Uint8Array> {
  if (typeof content === 'string') yield new TextEncoder().encode(content)
  else if (content instanceof Uint8Array) yield content
  else yield* content
}

/** A file that was closed is not closed again, whatever disk it is on: its number may be somebody else's by then. */
function once(act: () => Promise<void>): () => Promise<void> {
  let hasActed = false
  return async () => {
    if (hasActed) return
    hasActed = true
    await act()
  }
}
