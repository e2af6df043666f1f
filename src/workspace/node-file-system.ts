import { isUtf8 } from 'node:buffer'
import type { BigIntStats, Dirent } from 'node:fs'
import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openAsBlob,
  openSync,
  readSync,
  opendirSync,
  renameSync,
  rmdirSync,
  statSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { DirectoryEntry, FileStat, FileSystem, OpenFile, OpenMode } from './file-system.js'
import { systemErrorCode } from './system-error-code.js'

/**
 * Node's disk. The short operations are synchronous calls inside asynchronous functions: for many small files
 * they are four to eight times as fast as `fs/promises`, and they cannot be lost in the thread pool, whose idle
 * threads hung for good on one libc in about one run of twenty. Only fsync, which takes milliseconds, goes
 * through the pool. The event loop gets its turn after every few MiB, so Ctrl-C and progress stay alive.
 */
export const nodeFileSystem: FileSystem = createNodeFileSystem()

/** How many bytes may pass before the event loop gets a turn. */
const bytesPerTurn = 8 * 1024 * 1024

/** What an operation that moves no bytes counts as, so that long runs of small files give turns as well. */
const operationBytes = 16 * 1024

// Windows lacks the last three: `undefined` counts as no flag there.
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_APPEND, O_NONBLOCK, O_DIRECTORY, O_NOFOLLOW } = constants

/**
 * Without `O_NONBLOCK` the opening of a pipe waits for its other end, and the whole process with it. What we write to is
 * ours: a link in its place may lead out of the workspace.
 */
const flagsOf = {
  read: O_RDONLY | O_NONBLOCK,
  create: O_RDWR | O_CREAT | O_EXCL,
  append: O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_NOFOLLOW,
  extend: O_RDWR | O_APPEND | O_NONBLOCK | O_NOFOLLOW,
} as const

const syncDescriptor = promisify(fsync)

/** `null` when it is nobody else's turn yet: a promise for each operation would cost as much as the short ones. */
type TakeTurn = (bytes: number) => Promise<void> | null

function createNodeFileSystem(): FileSystem {
  const takeTurn = turnTaker()
  const quick = async <T>(operation: () => T): Promise<T> => {
    const turn = takeTurn(operationBytes)
    if (turn !== null) await turn
    return operation()
  }
  return {
    list: (directory) => quick(() => listDirectory(directory)),
    stat: (path) => quick(() => statOrNull(path)),
    makeDirectory: (path) => quick(() => void mkdirSync(path, { recursive: true })),
    open: (path, mode) => quick(() => openFile(path, mode, takeTurn)),
    openAsBlob: (path) => openAsBlob(path),
    rename: (from, to) => quick(() => renameSync(from, to)),
    link: (from, to) => quick(() => linkSync(from, to)),
    remove: (path) => quick(() => unlinkSync(path)),
    removeDirectory: (path) => quick(() => rmdirSync(path)),
    freeBytes: (directory) => quick(() => freeBytes(directory)),
    syncDirectory,
  }
}

function turnTaker(): TakeTurn {
  let bytesSinceTurn = 0
  return (bytes) => {
    bytesSinceTurn += bytes
    if (bytesSinceTurn < bytesPerTurn) return null
    bytesSinceTurn = 0
    return setImmediate()
  }
}

function listDirectory(directory: string): DirectoryEntry[] {
  // Piece by piece: of 100,000 names in one go Node makes 50 MB of objects that live for a moment.
  const listing = opendirSync(directory, { encoding: nameBytes, bufferSize: 1_024 })
  try {
    return entriesOf(directory, listing as unknown as DirOfBytes)
  } finally {
    listing.closeSync()
  }
}

/** Names as bytes: the declarations know of them for `readdir` only (nodejs.org, "fs.opendir"). */
const nameBytes = 'buffer' as BufferEncoding
interface DirOfBytes {
  readSync(): Dirent<Buffer> | null
}

function entriesOf(directory: string, listing: DirOfBytes): DirectoryEntry[] {
  const entries: DirectoryEntry[] = []
  for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
    // Nobody could open such a name again through a string; it is not one of ours either.
    if (!isUtf8(entry.name)) continue
    const name = entry.name.toString()
    entries.push({ name, kind: kindOfEntry(directory, name, entry) })
  }
  return entries
}

function kindOfEntry(directory: string, name: string, entry: Dirent<Buffer>): DirectoryEntry['kind'] {
  if (!entry.isSymbolicLink()) return kindOf(entry)
  try {
    return statOrNull(join(directory, name))?.kind ?? 'other'
  } catch {
    // A loop of links or a target out of reach: nothing that could be read as a file.
    return 'other'
  }
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): FileStat['kind'] {
  if (entry.isFile()) return 'file'
  return entry.isDirectory() ? 'directory' : 'other'
}

/** A link that leads nowhere is something: it must not pass for a free name. */
function statOrNull(path: string): FileStat | null {
  try {
    const own = lstatSync(path, { throwIfNoEntry: false, bigint: true })
    if (own === undefined) return null
    const stats = own.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false, bigint: true }) : own
    return toFileStat(stats ?? own)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOTDIR') return null
    throw error
  }
}

function toFileStat(stats: BigIntStats): FileStat {
  const { dev, ino, size, mtimeNs, ctimeNs } = stats
  const inode = ino === 0n ? null : `${dev}:${ino}`
  return {
    kind: kindOf(stats),
    bytes: Number(size),
    modifiedAtMs: Number(mtimeNs) / nanosecondsPerMs,
    changedAtMs: ctimeNs === 0n ? null : Number(ctimeNs) / nanosecondsPerMs,
    inode,
    identity: inode === null || !isSettled(ctimeNs) ? null : `${inode}:${mtimeNs}:${ctimeNs}`,
  }
}

const nanosecondsPerMs = 1e6

/**
 * Two changes within one tick of the disk's clock leave the same time behind, which git calls "racily clean"
 * (Documentation/technical/racy-git.txt). Linux ticks every 1 to 10 ms (`ktime_get_coarse_real_ts64`); disks that
 * keep whole seconds tick every one or two (ext3, FAT).
 */
function isSettled(changedAtNs: bigint): boolean {
  const tickMs = changedAtNs % 1_000_000_000n === 0n ? 2_000 : 20
  return Date.now() - Number(changedAtNs) / nanosecondsPerMs > 2 * tickMs
}

function openRegularFile(path: string, mode: OpenMode): number {
  const descriptor = openWhatStands(path, mode)
  // What we just made is a file.
  if (mode === 'create') return descriptor
  const kind = kindOf(fstatSync(descriptor))
  if (kind === 'file') return descriptor
  closeSync(descriptor)
  // As the system itself says it of a socket (open(2)).
  const code = kind === 'directory' ? 'EISDIR' : 'ENXIO'
  throw Object.assign(new Error(`${code}: no regular file, open '${path}'`), { code })
}

function openWhatStands(path: string, mode: OpenMode): number {
  try {
    return openSync(path, flagsOf[mode], 0o666)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT' || !isLink(path)) throw error
    throw Object.assign(new Error(`ELOOP: a link that leads nowhere, open '${path}'`), { code: 'ELOOP' })
  }
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false

function openFile(path: string, mode: OpenMode, takeTurn: TakeTurn): OpenFile {
  const descriptor = openRegularFile(path, mode)
  let isOpen = true
  // The system gives the number of a closed file to the next one that is opened: it is no longer ours to use.
  const inUse = (): number => {
    if (isOpen) return descriptor
    throw Object.assign(new Error(`EBADF: the file is closed, '${path}'`), { code: 'EBADF' })
  }
  const write = mode === 'create' ? positionedWriter(inUse) : appender(inUse)
  return {
    async read(buffer, position) {
      await takeTurn(buffer.byteLength)
      return readFully(inUse(), buffer, position)
    },
    async write(bytes) {
      await takeTurn(bytes.byteLength)
      write.bytes(bytes)
    },
    async truncate(bytes) {
      ftruncateSync(inUse(), bytes)
      write.truncated(bytes)
    },
    sync: async () => syncDescriptor(inUse()),
    stat: async () => toFileStat(fstatSync(inUse(), { bigint: true })),
    async close() {
      if (!isOpen) return
      // Also where closing fails: the number is free then all the same (close(2), "Dealing with error returns").
      isOpen = false
      closeSync(descriptor)
    },
  }
}

/** A read may give less than was asked for before the end of the file; callers should not have to know. */
function readFully(descriptor: number, buffer: Uint8Array, position: number): number {
  let filled = 0
  while (filled < buffer.byteLength) {
    const read = readSync(descriptor, buffer, filled, buffer.byteLength - filled, position + filled)
    if (read === 0) break
    filled += read
  }
  return filled
}

interface Writer {
  bytes(bytes: Uint8Array): void
  truncated(bytes: number): void
}

function appender(inUse: () => number): Writer {
  return {
    bytes: (bytes) => writeFully(bytes, (from, length) => writeSync(inUse(), bytes, from, length, null)),
    truncated: () => {},
  }
}

function positionedWriter(inUse: () => number): Writer {
  let position = 0
  return {
    bytes(bytes) {
      writeFully(bytes, (from, length) => {
        const written = writeSync(inUse(), bytes, from, length, position)
        position += written
        return written
      })
    },
    truncated: (bytes) => void (position = Math.min(position, bytes)),
  }
}

/** A write may take less than it was given, above all just before a disk is full. */
function writeFully(bytes: Uint8Array, write: (from: number, length: number) => number): void {
  let written = 0
  while (written < bytes.byteLength) written += write(written, bytes.byteLength - written)
}

/** Some systems cannot open or sync a directory (Windows, some network mounts); there is nothing to do about it. */
const directorySyncRefusals: ReadonlySet<string> = new Set(['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP'])

async function syncDirectory(path: string): Promise<void> {
  try {
    const descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK)
    await syncDescriptor(descriptor).finally(() => closeSync(descriptor))
  } catch (error) {
    if (!directorySyncRefusals.has(systemErrorCode(error) ?? '')) throw error
  }
}

/** A disk that has no blocks at all is one that does not count them. */
function freeBytes(directory: string): number | null {
  try {
    const { bavail, blocks, bsize } = statfsSync(directory)
    return blocks > 0 ? bavail * bsize : null
  } catch {
    return null
  }
}
