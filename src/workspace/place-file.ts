import { reconciliationError } from '../errors.js'
import { beginDurableFile } from './durable-write.js'
import { asFileProblem } from './file-problem.js'
import type { FileSystem } from './file-system.js'
import { fileChunks, haveSameBytes } from './read-whole-file.js'
import { cannotLink, requireFree } from './rename-to-new.js'
import { systemErrorCode } from './system-error-code.js'

/**
 * Gives the file at `from` a second place at `to`, on the same disk or another, and never overwrites: rejects with
 * `EEXIST` when something stands there. The source stays, so that a crash leaves one copy too many, never too few.
 * The caller has synced it: a second name says nothing about the content.
 */
export async function placeFile(fs: FileSystem, from: string, to: string): Promise<void> {
  try {
    await fs.link(from, to)
  } catch (error) {
    if (!cannotLink(error)) throw error
    await copyFile(fs, from, to)
    await requireSameLength(fs, from, to)
  }
}

/**
 * Whether both names lead to one regular file, or to two with the same bytes. A source is removed on the strength of
 * this: its copy is read back, and a name may have got another file meanwhile.
 */
export async function isSameFile(fs: FileSystem, left: string, right: string): Promise<boolean> {
  const leftFile = await fs.stat(left)
  const rightFile = await fs.stat(right)
  if (leftFile?.kind !== 'file' || rightFile?.kind !== 'file') return false
  if (leftFile.inode !== null && leftFile.inode === rightFile.inode) return true
  return leftFile.bytes === rightFile.bytes && (await haveSameBytes(fs, left, right))
}

/** Makes a file that somebody else wrote survive a power cut. */
export async function syncFile(fs: FileSystem, path: string): Promise<void> {
  const file = await fs.open(path, 'read')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** `commit` renames over what stands there, so look just before; the workspace lock keeps our own kind out. */
async function copyFile(fs: FileSystem, from: string, to: string): Promise<void> {
  const copy = await beginDurableFile(fs, to)
  try {
    for await (const bytes of fileChunks(fs, from)) await copy.write(bytes)
    await requireFree(fs, to)
  } catch (error) {
    await copy.abort()
    throw error
  }
  await copy.commit()
}

async function requireSameLength(fs: FileSystem, from: string, to: string): Promise<void> {
  const source = await fs.stat(from)
  const placed = await fs.stat(to)
  if (placed?.kind !== 'file' || placed.bytes !== source?.bytes) throw differs(from, to)
}

/** What stands at `to` is no second place of `from`: a symbolic link, say, may lead nowhere from there. */
export function differs(from: string, to: string): Error {
  return reconciliationError({
    code: 'FileSystemError',
    message: `${to} does not read back like ${from}, of which it is the copy; nothing was removed.`,
    hint: 'Look at the disk, remove the copy, and run again. A symbolic link must be replaced by the file itself.',
    needsPerson: true,
    facts: { from, to },
  })
}

/** Removes a file after its copy elsewhere was proven; one that is gone already is fine. */
export async function removeSource(fs: FileSystem, path: string): Promise<void> {
  try {
    await fs.remove(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') asFileProblem({ path, action: 'remove' })(error)
  }
}
