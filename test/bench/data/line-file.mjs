import { closeSync, openSync, writeSync } from 'node:fs'

const bufferBytes = 1 << 20

/** Writes a file out of many small pieces, as fast as the disk takes them. */
export class LineFile {
  #file
  #buffer = Buffer.allocUnsafe(bufferBytes)
  #filled = 0
  /** Bytes so far. */
  bytes = 0

  constructor(path) {
    this.#file = openSync(path, 'w')
  }

  /** @param {...(string | Uint8Array)} pieces put behind each other; strings as UTF-8 */
  write(...pieces) {
    for (const piece of pieces) {
      const most = typeof piece === 'string' ? piece.length * 3 : piece.length
      if (this.#filled + most > bufferBytes) this.#flush()
      if (most > bufferBytes) this.#writeAll(Buffer.from(piece))
      else this.#filled += this.#put(piece)
    }
  }

  close() {
    this.#flush()
    closeSync(this.#file)
  }

  #put(piece) {
    if (typeof piece === 'string') return this.#buffer.write(piece, this.#filled)
    this.#buffer.set(piece, this.#filled)
    return piece.length
  }

  #flush() {
    const filled = this.#filled
    this.#filled = 0
    this.#writeAll(this.#buffer.subarray(0, filled))
  }

  #writeAll(bytes) {
    for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done)
    this.bytes += bytes.length
  }
}
