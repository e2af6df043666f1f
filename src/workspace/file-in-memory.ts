import type { FileStat, FileSystem, OpenFile, OpenMode } from './file-system.js'

/** A file that grows beyond this goes to the disk, in bytes. */
export const largestInMemory = 64 * 1024

/** One file that is kept in memory, in any number of file systems that are the same disk. */
export interface FileInMemory {
  on(inner: FileSystem): FileSystem
}

/** The same file system, in which one file is kept in memory while it is small. */
export const withFileInMemory = (inner: FileSystem, path: string): FileSystem => fileInMemory(path).on(inner)

/**
 * For a file that need not outlive the process, and that nobody else looks for. It goes to the disk when it grows, when it is
 * synced, and when it gets another name. A file that stands on the disk already stays there. Listings do not show what is in
 * memory.
 */
export function fileInMemory(path: string): FileInMemory {
  let held: HeldFile | null = null
  const toDisk = async (): Promise<void> => {
    await held?.toDisk()
    held = null
  }
  const isHeld = (asked: string): boolean => asked === path && held?.isOnDisk === false
  const on = (inner: FileSystem): FileSystem => ({
    ...inner,
    stat: async (asked) => (isHeld(asked) && held !== null ? held.stat() : inner.stat(asked)),
    async open(asked, mode) {
      if (asked !== path) return inner.open(asked, mode)
      if (held === null && mode === 'append' && (await inner.stat(path)) === null)
        held = new HeldFile(inner, path)
      if (held === null || held.isOnDisk) return inner.open(path, mode)
      if (mode === 'create') throw alreadyThere(path)
      return openHeld(held, mode)
    },
    async rename(from, to) {
      if (from === path) await toDisk()
      if (to === path) held = null
      await inner.rename(from, to)
    },
    async link(from, to) {
      if (from === path || to === path) await toDisk()
      await inner.link(from, to)
    },
    async remove(asked) {
      const wasHeld = isHeld(asked)
      if (asked === path) held = null
      if (!wasHeld) await inner.remove(asked)
    },
  })
  return { on }
}

class HeldFile {
  readonly #disk: FileSystem
  readonly #path: string
  #buffer = Buffer.alloc(0)
  #modifiedAtMs = Date.now()
  bytes = 0
  isOnDisk = false

  constructor(disk: FileSystem, path: string) {
    this.#disk = disk
    this.#path = path
  }

  stat(): FileStat {
    return {
      kind: 'file',
      bytes: this.bytes,
      modifiedAtMs: this.#modifiedAtMs,
      changedAtMs: this.#modifiedAtMs,
      inode: null,
      identity: null,
    }
  }

  openOnDisk(mode: OpenMode): Promise<OpenFile> {
    return this.#disk.open(this.#path, mode)
  }

  read(target: Uint8Array, position: number): number {
    const end = Math.min(this.bytes, position + target.byteLength)
    if (position >= end) return 0
    target.set(this.#buffer.subarray(position, end))
    return end - position
  }

  append(bytes: Uint8Array): void {
    const size = this.bytes + bytes.byteLength
    if (size > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#buffer.length))
      this.#buffer.copy(larger, 0, 0, this.bytes)
      this.#buffer = larger
    }
    this.#buffer.set(bytes, this.bytes)
    this.bytes = size
    this.#modifiedAtMs = Date.now()
  }

  truncate(bytes: number): void {
    this.bytes = Math.min(this.bytes, bytes)
    this.#modifiedAtMs = Date.now()
  }

  async toDisk(): Promise<void> {
    if (this.isOnDisk) return
    const file = await this.openOnDisk('append')
    try {
      // What an earlier try left, which failed in the middle.
      await file.truncate(0)
      await file.write(this.#buffer.subarray(0, this.bytes))
    } finally {
      await file.close()
    }
    this.isOnDisk = true
    this.#buffer = Buffer.alloc(0)
  }
}

/** From where the file stands: the one in memory, and the one on the disk once it went there. */
function openHeld(held: HeldFile, mode: OpenMode): OpenFile {
  let opened: OpenFile | null = null
  let isOpen = true
  const onDisk = async (): Promise<OpenFile> => (opened ??= await held.openOnDisk(mode))
  const requireOpen = (): void => {
    if (!isOpen) throw Object.assign(new Error('EBADF: the file is closed'), { code: 'EBADF' })
  }
  return {
    async read(buffer, position) {
      requireOpen()
      return held.isOnDisk ? (await onDisk()).read(buffer, position) : held.read(buffer, position)
    },
    async write(bytes) {
      requireOpen()
      if (!held.isOnDisk && held.bytes + bytes.byteLength <= largestInMemory) return held.append(bytes)
      await held.toDisk()
      await (await onDisk()).write(bytes)
    },
    async truncate(bytes) {
      requireOpen()
      if (held.isOnDisk) await (await onDisk()).truncate(bytes)
      else held.truncate(bytes)
    },
    async sync() {
      requireOpen()
      await held.toDisk()
      await (await onDisk()).sync()
    },
    async stat() {
      requireOpen()
      return held.isOnDisk ? (await onDisk()).stat() : held.stat()
    },
    async close() {
      if (!isOpen) return
      isOpen = false
      await opened?.close()
    },
  }
}

function alreadyThere(path: string): Error {
  return Object.assign(new Error(`EEXIST: file already exists, open '${path}'`), { code: 'EEXIST' })
}
