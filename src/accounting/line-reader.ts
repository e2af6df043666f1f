import { basename } from 'node:path'
import { reconciliationError } from '../errors.js'
import type { FileStat, FileSystem, OpenFile } from '../workspace/file-system.js'
import { LineCutter, type ChunkSharing, type Line } from './line-cutter.js'

export type { Line } from './line-cutter.js'

export interface ReadLinesOptions {
  /** Looked at once per chunk; an aborted read rejects with `Interrupted`. */
  readonly signal?: AbortSignal | undefined
  /** Size of one read, in bytes. */
  readonly chunkBytes?: number | undefined
  /** Lines above this are skipped and handed out as `isTooLong`, in bytes. */
  readonly maxLineBytes?: number | undefined
  /** Gets every byte of the file once, in order (for a hash). The view is valid during the call only. */
  readonly onChunk?: ((bytes: Buffer) => void) | undefined
  /** Told how the file stands before it is read; gives how another thread looks at its chunks, if one does. */
  readonly onBegin?: ((file: FileStat) => ChunkSharing | undefined) | undefined
  /** Gets the file as it stood when its last byte was read. */
  readonly onEnd?: ((file: FileStat) => void) | undefined
}

/** Larger chunks leave the second level of the processor's cache before everybody has looked at them. */
export const defaultChunkBytes = 256 * 1024
/** Far above what servers accept as a line, and below the longest string V8 can hold (512 Mi characters). */
export const defaultMaxLineBytes = 256 * 1024 * 1024

/**
 * Reads a file's lines in batches, one batch per chunk: a promise for each line would cost more than the line.
 * A batch is cut while it is walked, so that no line outlives its use; walk it once, before the next is asked for.
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
): AsyncGenerator<Iterable<Line>, void, undefined> {
  for await (const cutter of readChunks(fs, path, options)) {
    yield linesOf(cutter)
    cutter.skipLines()
  }
}

/** The same for whoever cuts the lines: gives the one cutter once for each chunk, and once more at the end. */
export async function* readChunks(
  fs: FileSystem,
  path: string,
  options: ReadLinesOptions = {},
): AsyncGenerator<LineCutter, void, undefined> {
  const file = await fs.open(path, 'read')
  try {
    const before = await file.stat()
    const cutter = new LineCutter({
      sharing: options.onBegin?.(before),
      fileBytes: before.bytes,
      chunkBytes: options.chunkBytes ?? defaultChunkBytes,
      maxLineBytes: options.maxLineBytes ?? defaultMaxLineBytes,
    })
    for (;;) {
      throwIfInterrupted(options.signal)
      const free = cutter.freeSpace()
      const count = await file.read(free, cutter.position)
      if (count === 0) break
      options.onChunk?.(free.subarray(0, count))
      cutter.take(count)
      // Somebody appends: without this end, reading behind a fast writer would go on for ever.
      if (cutter.position > before.bytes) break
      yield cutter
    }
    const after = await file.stat()
    requireUnchanged(path, before, after, cutter.position)
    options.onEnd?.(after)
    cutter.end()
    yield cutter
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

/** Without a `return`, so that leaving a batch early skips its other lines and nothing else. */
function linesOf(cutter: LineCutter): Iterable<Line> {
  const next = (): IteratorResult<Line, undefined> => {
    const line = cutter.nextLine()
    return line === null ? { done: true, value: undefined } : { done: false, value: line }
  }
  return { [Symbol.iterator]: () => ({ next }) }
}

function requireUnchanged(path: string, before: FileStat, after: FileStat, bytesRead: number): void {
  const isSame = before.bytes === after.bytes && before.modifiedAtMs === after.modifiedAtMs
  // Sizes and times can be put back; what cannot is known only of a file that has not changed just now.
  const isOther = before.identity !== null && after.identity !== null && before.identity !== after.identity
  if (isSame && !isOther && bytesRead === before.bytes) return
  throw reconciliationError({
    code: 'FileChangedDuringRun',
    message: `${basename(path)} changed while it was read: ${before.bytes} bytes before, ${after.bytes} bytes after.`,
    hint: 'Run again once nothing else writes to the workspace.',
    isPassing: true,
    facts: { path, bytesBefore: before.bytes, bytesAfter: after.bytes, bytesRead },
  })
}
