import type { OpenFile } from '../../workspace/file-system.js'
import { readLineAt } from '../line-reader.js'

/**
 * Reads rows of a file that stand nearly in the order in which they are asked for: the bytes around a row are read with
 * it. A row that stands far from the last one is read alone.
 */
export class RowWindow {
  readonly #file: OpenFile
  #bytes: Buffer = Buffer.alloc(0)
  #filled = 0
  #offset = 0
  /** Where the row that was read last ends. */
  #lastEnd = 0

  constructor(file: OpenFile) {
    this.#file = file
  }

  /** The row, when it is at hand; valid until the next `read`. */
  held(offset: number, length: number): Buffer | null {
    const start = offset - this.#offset
    return start >= 0 && start + length <= this.#filled ? this.#bytes.subarray(start, start + length) : null
  }

  /** The row; valid until the next one is read. */
  async read(offset: number, length: number): Promise<Buffer> {
    const windowEnd = this.#offset + this.#filled
    const isNear = [windowEnd, this.#lastEnd].some((end) => Math.abs(offset - end) <= nearBytes)
    this.#lastEnd = offset + length
    if (isNear && length <= windowBytes / 2) await this.#fillAround(offset)
    return this.held(offset, length) ?? readLineAt(this.#file, offset, length)
  }

  /** Some of the bytes before it as well: rows trade places with their neighbours. */
  async #fillAround(offset: number): Promise<void> {
    if (this.#bytes.length === 0) {
      const { bytes } = await this.#file.stat()
      this.#bytes = Buffer.allocUnsafeSlow(Math.min(windowBytes, bytes))
    }
    this.#offset = Math.max(0, offset - bytesBefore)
    this.#filled = await this.#file.read(this.#bytes, this.#offset)
  }
}

const windowBytes = 512 * 1024
const bytesBefore = 64 * 1024
const nearBytes = 256 * 1024
