import { basename } from 'node:path'
import { reconciliationError } from '../errors.js'
import type { FileStat, FileSystem, OpenFile } from '../workspace/file-system.js'

/** One line of a file, as the bytes stand there. */
export interface Line {
  /** Counted from 1; blank lines count too, so that editors agree. */
  readonly number: number
  /** Where the line begins in the file, in bytes. A byte order mark is not part of the first line. */
  readonly offset: number
  /** Bytes of the line in the file, without LF and without one trailing CR. */
  readonly length: number
  /** View into a buffer that is used again: valid until the next batch is asked for. */
  readonly bytes: Buffer
  /** The file ends with this line. */
  readonly isLast: boolean
  readonly hasNewline: boolean
  /** Longer than `maxLineBytes`: `bytes` is only its beginning (64 KiB). */
  readonly isTooLong: boolean
}

export interface ReadLinesOptions {
  /** Looked at once per chunk; an aborted read rejects with `Interrupted`. */
  readonly signal?: AbortSignal | undefined
  /** Size of one read, in bytes. */
  readonly chunkBytes?: number | undefined
  /** Lines above this are skipped and handed out as `isTooLong`, in bytes. */
  readonly maxLineBytes?: number | undefined
  /** Gets every byte of the file once, in order (for a hash). The view is valid during the call only. */
  readonly onChunk?: ((bytes: Buffer) => void) | undefined
}

/** 256 KiB to 1 MiB read equally fast; below that system calls show. */
export const defaultChunkBytes = 512 * 1024
/** Far above what servers accept as a line, and below the longest string V8 can hold (512 Mi characters). */
export const defaultMaxLineBytes = 256 * 1024 * 1024

/**
 * Reads a file's lines in batches, one batch per chunk: a promise for each line would cost more than the line.
 * Splits at 0x0A only, because U+2028, NUL and a lone CR may stand inside JSON text that somebody re-saved.
 * Lines of nothing but spaces, tabs and CR are left out. Memory: one chunk, or the longest line.
 *
 * Rejects with `Interrupted`, with `FileChangedDuringRun` when the file is written to meanwhile, and with the
 * system's own error when it cannot be read.
 */
export async function* readLines(
  fs: FileSystem,
  path: string,
  options: ReadLinesOptions = {},
): AsyncGenerator<readonly Line[], void, undefined> {
  const file = await fs.open(path, 'read')
  try {
    const before = await file.stat()
    const cutter = new LineCutter(before.bytes, options)
    for (;;) {
      throwIfInterrupted(options.signal)
      const free = cutter.freeSpace()
      const count = await file.read(free, cutter.position)
      if (count === 0) break
      options.onChunk?.(free.subarray(0, count))
      const lines = cutter.take(count)
      // Somebody appends: without this end, reading behind a fast writer would go on for ever.
      if (cutter.position > before.bytes) break
      if (lines.length > 0) yield lines
    }
    requireUnchanged(path, before, await file.stat(), cutter.position)
    const rest = cutter.takeRest()
    if (rest.length > 0) yield rest
  } finally {
    await file.close()
  }
}

/** Reads bytes that an earlier pass has seen. Rejects with `FileChangedDuringRun` when they are no longer there. */
export async function readLineAt(file: OpenFile, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  let filled = 0
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled), offset + filled)
    if (count === 0) {
      throw reconciliationError({
        code: 'FileChangedDuringRun',
        message: `A file became shorter while it was read: bytes ${offset} to ${offset + length} are gone.`,
        hint: 'Run again once nothing else writes to the workspace.',
        isPassing: true,
      })
    }
    filled += count
  }
  return bytes
}

/** Throws `Interrupted` when the signal has been aborted. */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw reconciliationError(
    {
      code: 'Interrupted',
      message: 'Stopped before the files were read to their end.',
      hint: 'Run again to go on.',
    },
    { cause: signal.reason },
  )
}

function requireUnchanged(path: string, before: FileStat, after: FileStat, bytesRead: number): void {
  const isSame = before.bytes === after.bytes && before.modifiedAtMs === after.modifiedAtMs
  if (isSame && bytesRead === before.bytes) return
  throw reconciliationError({
    code: 'FileChangedDuringRun',
    message: `${basename(path)} changed while it was read: ${before.bytes} bytes before, ${after.bytes} bytes after.`,
    hint: 'Run again once nothing else writes to the workspace.',
    isPassing: true,
    facts: { path, bytesBefore: before.bytes, bytesAfter: after.bytes, bytesRead },
  })
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const keptOfLongLineBytes = 64 * 1024
const smallestBufferBytes = 4 * 1024

/** Cuts chunks into lines. The unfinished line stays at the front of the buffer and the next chunk is read behind it. */
class LineCutter {
  /** Bytes of the file taken so far: where the next read begins. */
  position = 0
  readonly #fileBytes: number
  readonly #chunkBytes: number
  readonly #maxLineBytes: number
  #buffer: Buffer
  /** Unfinished line: `#buffer[#start..#filled]`; up to `#scanned` it holds no line feed. */
  #start = 0
  #filled = 0
  #scanned = 0
  #lineNumber = 1
  #bufferOffset = 0
  /** Beginning of a line that is too long, while the rest of it is skipped. */
  #longLine: { readonly offset: number; readonly bytes: Buffer } | null = null

  constructor(fileBytes: number, options: ReadLinesOptions) {
    this.#fileBytes = fileBytes
    this.#maxLineBytes = options.maxLineBytes ?? defaultMaxLineBytes
    // One byte more than the file, so that small files end within their first read.
    const wantedBytes = Math.max(smallestBufferBytes, fileBytes + 1)
    this.#chunkBytes = Math.min(options.chunkBytes ?? defaultChunkBytes, wantedBytes)
    this.#buffer = Buffer.allocUnsafeSlow(this.#chunkBytes)
  }

  /** Where the next chunk goes. Ends the life of the lines handed out before. */
  freeSpace(): Buffer {
    this.#moveToFront()
    if (this.#filled === this.#buffer.length) this.#grow()
    return this.#buffer.subarray(this.#filled)
  }

  /** The lines that the chunk of `count` bytes completed. */
  take(count: number): Line[] {
    const lines: Line[] = []
    this.#filled += count
    this.position += count
    const filled = this.#buffer.subarray(0, this.#filled)
    for (
      let end = filled.indexOf(lineFeed, this.#scanned);
      end !== -1;
      end = filled.indexOf(lineFeed, this.#start)
    ) {
      this.#finishLine(lines, end, true)
      this.#start = end + 1
    }
    this.#scanned = this.#filled
    this.#skipIfTooLong()
    return lines
  }

  /** The last line, when the file does not end with a line feed. */
  takeRest(): Line[] {
    const lines: Line[] = []
    this.#finishLine(lines, this.#filled, false)
    return lines
  }

  #finishLine(lines: Line[], end: number, hasNewline: boolean): void {
    const number = this.#lineNumber
    if (hasNewline) this.#lineNumber += 1
    const isLast = this.#bufferOffset + end + (hasNewline ? 1 : 0) >= this.#fileBytes
    if (this.#longLine !== null) {
      const { offset, bytes } = this.#longLine
      this.#longLine = null
      const length = this.#bufferOffset + end - offset
      lines.push({ number, offset, length, bytes, isLast, hasNewline, isTooLong: true })
      return
    }
    const start = number === 1 ? this.#start + byteOrderMarkBytes(this.#buffer, this.#start) : this.#start
    const contentEnd = end > start && this.#buffer[end - 1] === carriageReturn ? end - 1 : end
    if (isBlank(this.#buffer, start, contentEnd)) return
    const offset = this.#bufferOffset + start
    const length = contentEnd - start
    const isTooLong = length > this.#maxLineBytes
    const bytes = this.#buffer.subarray(start, isTooLong ? start + keptOfLongLineBytes : contentEnd)
    lines.push({ number, offset, length, bytes, isLast, hasNewline, isTooLong })
  }

  #moveToFront(): void {
    if (this.#start === 0) return
    const rest = this.#filled - this.#start
    const isGrown = this.#buffer.length > this.#chunkBytes && rest < this.#chunkBytes
    const target = isGrown ? Buffer.allocUnsafeSlow(this.#chunkBytes) : this.#buffer
    this.#buffer.copy(target, 0, this.#start, this.#filled)
    this.#buffer = target
    this.#bufferOffset += this.#start
    this.#scanned -= this.#start
    this.#filled = rest
    this.#start = 0
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(this.#buffer.length * 2)
    this.#buffer.copy(larger, 0, 0, this.#filled)
    this.#buffer = larger
  }

  #skipIfTooLong(): void {
    if (this.#longLine === null && this.#filled - this.#start <= this.#maxLineBytes + 1) return
    this.#longLine ??= {
      offset: this.#bufferOffset + this.#start,
      bytes: Buffer.from(this.#buffer.subarray(this.#start, this.#start + keptOfLongLineBytes)),
    }
    this.#start = this.#filled
  }
}

function byteOrderMarkBytes(bytes: Buffer, at: number): number {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf ? 3 : 0
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x09 && byte !== carriageReturn) return false
  }
  return true
}
