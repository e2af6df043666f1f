/** Gathers rows that are to be written, one behind the other in one buffer. */
export class PendingBytes {
  #buffer: Buffer<ArrayBuffer> = Buffer.alloc(0)
  #spare: Buffer<ArrayBuffer> | null = null
  size = 0

  /** Adds the text as UTF-8; gives its length in bytes. */
  addText(text: string): number {
    return this.addWith(text.length * 3, (target, at) => at + target.write(text, at))
  }

  /**
   * Adds what `write` puts into the buffer from `at` on, of which it gives the end; gives its length in bytes.
   *
   * @param maxBytes it may be as long as this
   */
  addWith(maxBytes: number, write: (target: Buffer, at: number) => number): number {
    this.#makeRoom(maxBytes)
    const end = write(this.#buffer, this.size)
    const length = end - this.size
    this.size = end
    return length
  }

  /** What was gathered; the next bytes go into another buffer. */
  take(): Buffer<ArrayBuffer> {
    const taken = this.#buffer.subarray(0, this.size)
    this.#buffer = this.#spare ?? Buffer.alloc(0)
    this.#spare = null
    this.size = 0
    return taken
  }

  /** Says that bytes which were taken are no longer looked at. */
  giveBack(taken: Buffer<ArrayBuffer>): void {
    this.#spare ??= Buffer.from(taken.buffer)
  }

  #makeRoom(bytes: number): void {
    const needed = this.size + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length, firstBytes))
    this.#buffer.copy(larger, 0, 0, this.size)
    this.#buffer = larger
  }
}

/** Most triples are small. */
const firstBytes = 4 * 1024
