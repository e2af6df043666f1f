import { createHash } from 'node:crypto'
import type { FileSystem, OpenFile } from './file-system.js'
import { isNoRegularFile, systemErrorCode } from './system-error-code.js'

/** Reads a small file of ours into memory. Rejects with the system's error. */
export function readWholeFile(fs: FileSystem, path: string): Promise<Uint8Array> {
  return withFile(fs, path, async (file) => {
    const { bytes } = await file.stat()
    const buffer = new Uint8Array(bytes)
    return buffer.subarray(0, await file.read(buffer, 0))
  })
}

/** What stands under a name where a small file is looked for. */
export type SmallFile =
  | { readonly type: 'content'; readonly content: Uint8Array }
  | { readonly type: 'absent' }
  /** A directory, a pipe, a device, or a link that leads nowhere. */
  | { readonly type: 'no-file' }
  | { readonly type: 'too-large'; readonly bytes: number }

/** Reads a file that may be missing, without asking for it first. Rejects with any other error of the system. */
export async function readSmallFile(fs: FileSystem, path: string, mostBytes: number): Promise<SmallFile> {
  try {
    return await withFile(fs, path, async (file) => {
      const { bytes } = await file.stat()
      if (bytes > mostBytes) return { type: 'too-large', bytes }
      const buffer = new Uint8Array(bytes)
      return { type: 'content', content: buffer.subarray(0, await file.read(buffer, 0)) }
    })
  } catch (error) {
    const code = systemErrorCode(error) ?? ''
    if (code === 'ENOENT' || code === 'ENOTDIR') return { type: 'absent' }
    if (isNoRegularFile(error)) return { type: 'no-file' }
    throw error
  }
}

/** The sha256 of a file in hexadecimal, read in pieces. Rejects with the system's error. */
export function hashFile(fs: FileSystem, path: string): Promise<string> {
  return withFile(fs, path, async (file) => {
    const hash = createHash('sha256')
    for await (const bytes of chunksOf(file)) hash.update(bytes)
    return hash.digest('hex')
  })
}

/** Whether two files have the same bytes; reads both in pieces, and nothing when their sizes differ. */
export function haveSameBytes(fs: FileSystem, left: string, right: string): Promise<boolean> {
  return withFile(fs, left, (leftFile) => withFile(fs, right, (rightFile) => compare(leftFile, rightFile)))
}

/** The bytes of a file in pieces; each piece is overwritten by the next. */
export async function* fileChunks(fs: FileSystem, path: string): AsyncGenerator<Uint8Array> {
  const file = await fs.open(path, 'read')
  try {
    yield* chunksOf(file)
  } finally {
    await file.close()
  }
}

const chunkBytes = 256 * 1024

async function* chunksOf(file: OpenFile): AsyncGenerator<Uint8Array> {
  const { bytes } = await file.stat()
  const buffer = new Uint8Array(Math.min(chunkBytes, Math.max(bytes, 1)))
  for (let position = 0; ;) {
    const read = await file.read(buffer, position)
    if (read === 0) return
    position += read
    yield buffer.subarray(0, read)
  }
}

async function compare(left: OpenFile, right: OpenFile): Promise<boolean> {
  if ((await left.stat()).bytes !== (await right.stat()).bytes) return false
  const buffer = Buffer.alloc(chunkBytes)
  let position = 0
  for await (const bytes of chunksOf(left)) {
    const read = await right.read(buffer.subarray(0, bytes.byteLength), position)
    if (read !== bytes.byteLength || buffer.compare(bytes, 0, read, 0, read) !== 0) return false
    position += read
  }
  return true
}

/** Opens a file to read and closes it again, whatever `use` does. Rejects with the system's error. */
export async function withFile<T>(
  fs: FileSystem,
  path: string,
  use: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const file = await fs.open(path, 'read')
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}
