import { basename } from 'node:path'
import { FileSniffer } from './dialects/sniff-file.js'
import { hashOfFile, type FileHash } from './file-hash.js'
import { LineCutter } from './line-cutter.js'
import { defaultChunkBytes, defaultMaxLineBytes } from './line-reader.js'
import { RowReader, type RowHandlers } from './read-rows.js'
import type { AccountedFile } from './triple-accounting.js'

/** Reads the rows of a file out of the bytes as they arrive, in pieces of any size. */
export class RowIntake {
  readonly #handlers: RowHandlers
  readonly #sniffer: FileSniffer
  readonly #rows: RowReader
  readonly #hash: FileHash
  readonly #cutter: LineCutter
  #chunk: Buffer
  #filled = 0

  /** @param likelyBytes about how much will come */
  constructor(handlers: RowHandlers, likelyBytes: number) {
    this.#handlers = handlers
    this.#hash = hashOfFile(likelyBytes)
    this.#cutter = new LineCutter({
      fileBytes: Infinity,
      chunkBytes: defaultChunkBytes,
      maxLineBytes: defaultMaxLineBytes,
      sharing: this.#hash.sharing,
    })
    this.#sniffer = new FileSniffer(handlers.path, handlers.kind)
    this.#rows = new RowReader(handlers, this.#sniffer)
    this.#chunk = this.#cutter.freeSpace()
  }

  /** Takes the next bytes; they are copied. */
  async push(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length;) {
      const piece = bytes.subarray(taken, taken + this.#chunk.length - this.#filled)
      this.#chunk.set(piece, this.#filled)
      this.#filled += piece.length
      taken += piece.length
      if (this.#filled === this.#chunk.length) await this.#readChunk()
    }
  }

  /** What the file was, now that all of it is here. Which file on the disk it is, nobody knows yet. */
  async finish(): Promise<AccountedFile> {
    if (this.#filled > 0) await this.#readChunk()
    this.#cutter.end()
    await this.#rows.read(this.#cutter)
    const { kind, path } = this.#handlers
    const { lines, rows } = this.#rows
    const dialect = rows < lines ? this.#sniffer.found() : null
    const bytes = this.#cutter.position
    const sha256 = this.#hash.digest()
    this.#cutter.release()
    return { kind, name: basename(path), path, bytes, sha256, identity: null, lines, rows, dialect }
  }

  async #readChunk(): Promise<void> {
    const bytes = this.#chunk.subarray(0, this.#filled)
    this.#hash.update(bytes)
    this.#sniffer.takeBytes(bytes)
    this.#cutter.take(this.#filled)
    await this.#rows.read(this.#cutter)
    this.#chunk = this.#cutter.freeSpace()
    this.#filled = 0
  }
}
