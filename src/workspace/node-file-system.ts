import { isUtf8 } from 'node:buffer'
import type { Dirent, Stats } from 'node:fs'
import {
  closeSync,
  fstatSync,
  fsync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  statSync,
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

const flagsOf = { read: 'r', create: 'wx+', append: 'a+' } as const

const syncDescriptor = promisify(fsync)

type TakeTurn = (bytes: number) => Promise<void>

function createNodeFileSystem(): FileSystem {
  const takeTurn = turnTaker()
  const quick = async <T>(operation: () => T): Promise<T> => {
    await takeTurn(operationBytes)
    return operation()
  }
  return {
    list: (directory) => quick(() => listDirectory(directory)),
    stat: (path) => quick(() => statOrNull(path)),
    makeDirectory: (path) => quick(() => void mkdirSync(path, { recursive: true })),
    open: (path, mode) => quick(() => openFile(path, mode, takeTurn)),
    rename: (from, to) => quick(() => renameSync(from, to)),
    link: (from, to) => quick(() => linkSync(from, to)),
    remove: (path) => quick(() => unlinkSync(path)),
    syncDirectory,
  }
}

function turnTaker(): TakeTurn {
  let bytesSinceTurn = 0
  return async (bytes) => {
    bytesSinceTurn += bytes
    if (bytesSinceTurn < bytesPerTurn) return
    bytesSinceTurn = 0
    await setImmediate()
  }
}

function listDirectory(directory: string): DirectoryEntry[] {
  const entries = readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })
  return entries.flatMap((entry) => {
    // Nobody could open such a name again through a string; it is not one of ours either.
    if (!isUtf8(entry.name)) return []
    const name = entry.name.toString()
    return [{ name, kind: kindOfEntry(directory, name, entry) }]
  })
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

function kindOf(entry: Pick<Stats, 'isFile' | 'isDirectory'>): FileStat['kind'] {
  if (entry.isFile()) return 'file'
  return entry.isDirectory() ? 'directory' : 'other'
}

function statOrNull(path: string): FileStat | null {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats === undefined ? null : toFileStat(stats)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOTDIR') return null
    throw error
  }
}

function toFileStat(stats: Stats): FileStat {
  return { kind: kindOf(stats), bytes: stats.size, modifiedAtMs: stats.mtimeMs }
}

function openFile(path: string, mode: OpenMode, takeTurn: TakeTurn): OpenFile {
  const descriptor = openSync(path, flagsOf[mode])
  let isOpen = true
  // The system gives the number of a closed file to the next one that is opened: it is no longer ours to use.
  const inUse = (): number => {
    if (isOpen) return descriptor
    throw Object.assign(new Error(`EBADF: the file is closed, '${path}'`), { code: 'EBADF' })
  }
  const write = mode === 'append' ? appender(inUse) : positionedWriter(inUse)
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
    stat: async () => toFileStat(fstatSync(inUse())),
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
    const descriptor = openSync(path, 'r')
    await syncDescriptor(descriptor).finally(() => closeSync(descriptor))
  } catch (error) {
    if (!directorySyncRefusals.has(systemErrorCode(error) ?? '')) throw error
  }
}
