import { basename } from 'node:path'
import { asFileProblem } from '../workspace/file-problem.js'
import type { FileStat, FileSystem } from '../workspace/file-system.js'
import { type JsonObject, decodeLine, reasonText } from './decode-line.js'
import { FileSniffer } from './dialects/sniff-file.js'
import type { LinePosition } from './line-position.js'
import { hashOfFile } from './file-hash.js'
import type { ChunkSharing, LineCutter } from './line-cutter.js'
import { defaultMaxLineBytes, type Line, readChunks } from './line-reader.js'
import { requestIdOf } from './request-id.js'
import { ScannedRows, type PlainRow } from './scan/scanned-rows.js'
import type { AccountedFile, RowFileKind, UnreadableLine } from './triple-accounting.js'

/** A readable row. `bytes` is a view that lives until the handler is done. */
export interface Row {
  readonly id: string
  /** Of a line that is nested too deep only the fields that are no list and no object. */
  readonly value: JsonObject
  /** What the value was parsed from. */
  readonly text: string
  readonly isTooDeep: boolean
  readonly position: LinePosition
  readonly bytes: Buffer
  /** The same as the scanner sees it, until the handler gives its promise; `null` for a row that it does not take. */
  readonly plain: PlainRow | null
}

export interface ReadRowsOptions extends RowHandlers {
  readonly fs: FileSystem
  readonly index: string
  readonly signal?: AbortSignal | undefined
  /** Called once per chunk with the bytes of this file read so far. */
  readonly onBytes?: ((bytesRead: number) => void) | undefined
}

/** A file, and who takes its rows. */
export interface RowHandlers {
  readonly kind: RowFileKind
  readonly path: string
  readonly maxLineBytes?: number | undefined
  /**
   * Asked first, where the scanner takes the row: false for one that has to be parsed and goes to `onRow`. A promise is
   * waited for.
   */
  readonly onPlainRow?: ((row: PlainRow) => boolean | Promise<void>) | undefined
  /** Only a returned promise is awaited: almost no row needs one, and a promise costs more than a row. */
  readonly onRow: (row: Row) => Promise<void> | undefined
  readonly onUnreadable: (line: UnreadableLine) => void
}

/**
 * Reads one file of a triple from first byte to last, hands out its rows and its unreadable lines in order, and
 * hashes it in the same pass. The file is never changed.
 */
export async function readRows(options: ReadRowsOptions): Promise<AccountedFile> {
  const { path, kind, index } = options
  return readHashed(options).catch(asFileProblem({ path, action: `read the ${kind} file`, index }))
}

async function readHashed(options: ReadRowsOptions): Promise<AccountedFile> {
  const { fs, path, kind, signal, maxLineBytes } = options
  let hash = hashOfFile(0)
  const sniffer = new FileSniffer(path, kind)
  const rows = new RowReader(options, sniffer)
  let bytes = 0
  let identity: string | null = null
  const onBegin = (file: FileStat): ChunkSharing | undefined => {
    hash = hashOfFile(file.bytes)
    return hash.sharing
  }
  const onEnd = (file: FileStat): void => void ({ identity } = file)
  const onChunk = (chunk: Buffer): void => {
    hash.update(chunk)
    sniffer.takeBytes(chunk)
    bytes += chunk.length
    options.onBytes?.(bytes)
  }
  let lastCutter: LineCutter | null = null
  for await (const cutter of readChunks(fs, path, {
    signal,
    maxLineBytes,
    onBegin,
    onChunk,
    onEnd,
  })) {
    await rows.read(cutter)
    lastCutter = cutter
  }
  const dialect = rows.rows < rows.lines ? sniffer.found() : null
  const { lines } = rows
  const sha256 = hash.digest()
  // Not after a throw: the other thread may still look at the last chunk then.
  lastCutter?.release()
  return { kind, name: basename(path), path, bytes, sha256, identity, lines, rows: rows.rows, dialect }
}

/** Hands out the rows of one file, chunk by chunk. */
export class RowReader {
  /** Lines that are not blank, and how many of them are rows. */
  lines = 0
  rows = 0
  readonly #options: RowHandlers
  readonly #sniffer: FileSniffer
  readonly #scanned: ScannedRows

  constructor(options: RowHandlers, sniffer: FileSniffer) {
    this.#options = options
    this.#sniffer = sniffer
    this.#scanned = new ScannedRows(options.kind === 'input' ? 'request' : 'answer')
  }

  async read(cutter: LineCutter): Promise<void> {
    while (cutter.mayHoldLines) {
      const pending = this.#scan(cutter)
      if (pending !== undefined) await pending
      if (this.#scanned.stop === 'no-more-lines') break
      if (this.#scanned.stop === 'not-plain') {
        const line = cutter.nextLine()
        const handled = line === null ? undefined : this.#take(line, null)
        if (handled !== undefined) await handled
      }
    }
    for (let line = cutter.nextLine(); line !== null; line = cutter.nextLine()) await this.#take(line, null)
  }

  /** Without a promise unless some row needs one. */
  #scan(cutter: LineCutter): Promise<void> | undefined {
    this.#scanned.scan(cutter)
    return this.#takeScanned(cutter)
  }

  #takeScanned(cutter: LineCutter): Promise<void> | undefined {
    while (this.#scanned.next()) {
      const pending = this.#takeNext(cutter)
      if (pending !== undefined) return this.#takeRest(pending, cutter)
    }
    return undefined
  }

  /** A loop: promises that wait for each other, row by row, would all stay until the last one. */
  async #takeRest(first: Promise<void>, cutter: LineCutter): Promise<void> {
    await first
    while (this.#scanned.next()) {
      const pending = this.#takeNext(cutter)
      if (pending !== undefined) await pending
    }
  }

  #takeNext(cutter: LineCutter): Promise<void> | undefined {
    const { onPlainRow, maxLineBytes = defaultMaxLineBytes } = this.#options
    const scanned = this.#scanned
    const plain = scanned.isUtf8 && scanned.length <= maxLineBytes ? scanned : null
    const taken = plain === null ? false : (onPlainRow?.(plain) ?? false)
    if (taken === false) return this.#takeLineOf(scanned, cutter, plain)
    this.lines += 1
    this.rows += 1
    return taken === true ? undefined : taken
  }

  #takeLineOf(
    { start, lineFeed, line }: PlainRow,
    cutter: LineCutter,
    plain: PlainRow | null,
  ): Promise<void> | undefined {
    return this.#take(cutter.lineAt(start, lineFeed, line), plain)
  }

  #take(line: Line, plain: PlainRow | null): Promise<void> | undefined {
    this.lines += 1
    const row = this.#rowOf(line, plain)
    if (row === null) return undefined
    this.rows += 1
    return this.#options.onRow(row)
  }

  #rowOf(line: Line, plain: PlainRow | null): Row | null {
    const decoded = decodeLine(line)
    const id = decoded.type === 'object' ? requestIdOf(decoded.value) : decoded
    if (decoded.type === 'object' && id.type === 'id') {
      const position = { line: line.number, offset: line.offset, length: line.length }
      const { value, text, isTooDeep } = decoded
      return { id: id.id, value, text, isTooDeep, position, bytes: line.bytes, plain }
    }
    if (id.type === 'unreadable')
      this.#takeUnreadable(line, id, decoded.type === 'object' ? decoded.value : null)
    return null
  }

  #takeUnreadable(line: Line, why: Parameters<typeof reasonText>[0], value: JsonObject | null): void {
    const { kind, path, onUnreadable } = this.#options
    const { number, offset, length } = line
    this.#sniffer.takeUnreadable(line.bytes, value)
    onUnreadable({ kind, path, line: number, offset, length, reason: reasonText(why) })
  }
}
