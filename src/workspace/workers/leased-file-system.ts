import { basename, join } from 'node:path'
import { isTemporaryName } from '../durable-write.js'
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
  const staging = stagingIn(inner, lease)
  const { placeOf } = staging
  const grow = growerOf(inner, lease, staging)
  const confirmed = async <Result>(change: () => Promise<Result>): Promise<Result> => {
    await lease.confirm()
    return change()
  }
  return {
    list: (directory) => inner.list(directory),
    stat: (path) => inner.stat(placeOf(path) ?? path),
    makeDirectory: (path) => inner.makeDirectory(path),
    open: (path, mode) => {
      const place = placeOf(path)
      if (mode === 'read' || (place !== null && mode !== 'create')) return inner.open(place ?? path, mode)
      if (mode === 'create' || isTemporaryName(basename(path))) return staging.create(path)
      return isGrowing(path) ? grow(path) : confirmed(() => inner.open(path, mode))
    },
    openAsBlob: (path) => inner.openAsBlob(placeOf(path) ?? path),
    rename: (from, to) =>
      placeOf(from) === null ? confirmed(() => inner.rename(from, to)) : staging.putInPlace(from, to),
    link: (from, to) => confirmed(() => inner.link(placeOf(from) ?? from, to)),
    remove: (path) => (placeOf(path) === null ? confirmed(() => inner.remove(path)) : staging.drop(path)),
    removeDirectory: (path) => confirmed(() => inner.removeDirectory(path)),
    syncDirectory: (path) => inner.syncDirectory(path),
  }
}

type Staging = ReturnType<typeof stagingIn>

/** The folder of the lease: where a file under a temporary name really grows. */
function stagingIn(inner: FileSystem, lease: Lease) {
  const places = new Map<string, string>()
  let files = 0

  const newPlace = (): string => join(lease.folder, String((files += 1)))
  /** An error that the loss of the folder explains is that loss. */
  const explained = async <Result>(change: () => Promise<Result>): Promise<Result> => {
    try {
      return await change()
    } catch (error) {
      await lease.confirm()
      throw error
    }
  }
  /** Whoever takes over empties the folder before it removes it, and nobody else takes anything out of it. */
  const renameOut = async (place: string, to: string): Promise<void> => {
    try {
      await inner.rename(place, to)
    } catch (error) {
      if ((await inner.stat(place)) === null) throw tripleTaken(lease.name)
      throw error
    }
  }
  return {
    explained,
    newPlace,
    renameOut,
    placeOf: (path: string): string | null => places.get(path) ?? null,
    async create(path: string): Promise<OpenFile> {
      const place = newPlace()
      const file = await explained(() => inner.open(place, 'create'))
      places.set(path, place)
      return file
    },
    async putInPlace(from: string, to: string): Promise<void> {
      await renameOut(places.get(from) ?? from, to)
      places.delete(from)
    },
    async drop(path: string): Promise<void> {
      const place = places.get(path) ?? path
      places.delete(path)
      await inner.remove(place)
    },
  }
}

/**
 * Who had the lease before us may still have the file open and write to it when it wakes. So we go on in a copy, which
 * takes its place, and never open what another one put there.
 */
function growerOf(
  inner: FileSystem,
  lease: Lease,
  { explained, newPlace, renameOut }: Staging,
): (path: string) => Promise<OpenFile> {
  /** Which file is ours, by path. */
  const ours = new Map<string, string | null>()
  return async (path) => {
    if (!ours.has(path)) {
      const place = newPlace()
      await explained(() => copyOrBegin(inner, path, place))
      await renameOut(place, path)
      ours.set(path, (await inner.stat(path))?.inode ?? null)
    }
    // Whoever took over may have done all there was to do, and removed it: it must not be made again.
    const file = await explained(() => inner.open(path, 'extend'))
    const { inode } = await file.stat()
    if (inode === (ours.get(path) ?? null)) return file
    await file.close()
    throw tripleTaken(lease.name)
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
