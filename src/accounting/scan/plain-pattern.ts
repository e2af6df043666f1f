const maxPatterns = 1_024
const maxPatternTexts = 0xa0000
/** A pattern ends soon behind this. */
const maxPatternBytes = 0x4000
const roomBehindPattern = 0x4000
const maxKeptBytes = 64

/** The pattern of the row that is scanned, and those that were learned: `assembly/patterns.ts` in plain JavaScript. */
export class PlainPattern {
  readonly #known = new Map<string, number>()
  #knownBytes = 0
  readonly #bytes = Buffer.alloc(maxPatternBytes + roomBehindPattern)
  #end = 0

  begin(root: number): void {
    this.#end = this.#bytes.writeUInt16LE(root, 0)
  }

  /** For one more piece; what closes lists and objects goes behind it. */
  get hasRoom(): boolean {
    return this.#end <= maxPatternBytes
  }

  /** Its number, from 1; 0 when it is not known. */
  get number(): number {
    return this.#known.get(this.#text()) ?? 0
  }

  /** Gives the number of what is known from now on, or 0 when no more are kept. */
  learn(): number {
    const text = this.#text()
    if (this.#known.size === maxPatterns || this.#knownBytes + text.length > maxPatternTexts) return 0
    this.#knownBytes += text.length
    this.#known.set(text, this.#known.size + 1)
    return this.#known.size
  }

  forget(): void {
    this.#known.clear()
    this.#knownBytes = 0
  }

  write(byte: number): void {
    this.#bytes[this.#end] = byte
    this.#end += 1
  }

  /** A tag, a length and these bytes; false when they are too many. */
  writeKept(tag: number, bytes: Uint8Array, from: number, end: number): boolean {
    if (end - from > maxKeptBytes || !this.hasRoom) return false
    this.write(tag)
    this.write(end - from)
    this.#bytes.set(bytes.subarray(from, end), this.#end)
    this.#end += end - from
    return true
  }

  writeCount(tag: number, count: number): void {
    this.write(tag)
    this.#end = this.#bytes.writeUInt32LE(count, this.#end)
  }

  #text(): string {
    return this.#bytes.toString('latin1', 0, this.#end)
  }
}
