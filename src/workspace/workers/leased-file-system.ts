import { join } from 'node:path'
import type { FileSystem, OpenFile } from '../file-system.js'
import { fileChunks } from '../read-whole-file.js'
import type { Lease } from './lease.js'
import { tripleTaken } from './lease.js'

/**
 * The disk as the owner of a lease may use it. Whatever is written anew grows in the folder of the lease, and is put in
 * place by a rename out of it, which fails once the lease was taken over: whoever takes it over has removed the folder
 * first. Every other change is made right after a look at the lease.
 *
 * @param isGrowing files that are appended to over several steps, and read by whoever goes on after us; others that are
 *   appended to are for people only
 */
export function leasedFileSystem(
  inner: FileSystem,
  lease: Lease,
  isGrowing: (path: string) => boolean,
): FileSystem {
  /** Where a file under a temporary name really grows. */
  const staged = new Map<string, string>()
  /** Of growing files: which one is ours. */
  const ours = new Map<string, string | null>()
  let files = 0

  const at = (path: string): string => staged.get(path) ?? path
  const stage = (): string => join(lease.folder, String((files += 1)))
  const confirmed = async <Result>(change: () => Promise<Result>): Promise<Result> => {
    await lease.confirm()
    return change()
  }
  /** An error that the loss of the folder explains is that loss. */
  const explained = async <Result>(change: () => Promise<Result>): Promise<Result> => {
    try {
      return await change()
    } catch (error) {
      await lease.confirm()
      throw error
    }
  }
  const create = async (path: string): Promise<OpenFile> => {
    const place = stage()
    const file = await explained(() => inner.open(place, 'create'))
    staged.set(path, place)
    return file
  }
  /**
   * Who had the lease before us may still have the file open and write to it when it wakes. So we go on in a copy, which
   * takes its place, and never open what another one put there.
   */
  const grow = async (path: string): Promise<OpenFile> => {
    if (!ours.has(path)) {
      const place = stage()
      await explained(() => copyOrBegin(inner, path, place))
      await explained(() => inner.rename(place, path))
      ours.set(path, (await inner.stat(path))?.inode ?? null)
    }
    const file = await confirmed(() => inner.open(path, 'append'))
    const { inode } = await file.stat()
    if (inode === (ours.get(path) ?? null)) return file
    await file.close()
    throw tripleTaken(lease.name)
  }
  return {
    list: (directory) => inner.list(directory),
    stat: (path) => inner.stat(at(path)),
    makeDirectory: (path) => inner.makeDirectory(path),
    open: (path, mode) => {
      if (mode === 'create') return create(path)
      if (mode === 'append' && isGrowing(path)) return grow(path)
      return mode === 'append' ? confirmed(() => inner.open(at(path), mode)) : inner.open(at(path), mode)
    },
    rename: async (from, to) => {
      const place = staged.get(from)
      if (place === undefined) return confirmed(() => inner.rename(from, to))
      await explained(() => inner.rename(place, to))
      staged.delete(from)
    },
    link: (from, to) => confirmed(() => inner.link(at(from), to)),
    remove: async (path) => {
      const place = staged.get(path)
      if (place === undefined) return confirmed(() => inner.remove(path))
      staged.delete(path)
      await inner.remove(place)
    },
    removeDirectory: (path) => confirmed(() => inner.removeDirectory(path)),
    syncDirectory: (path) => inner.syncDirectory(path),
  }
}

async function copyOrBegin(fs: FileSystem, from: string, to: string): Promise<void> {
  const file = await fs.open(to, 'create')
  try {
    if ((await fs.stat(from)) === null) return
    for await (const bytes of fileChunks(fs, from)) await file.write(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}
