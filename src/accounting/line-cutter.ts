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

export interface LineCutterOptions {
  readonly fileBytes: number
  readonly chunkBytes: number
  readonly maxLineBytes: number
  /** Another thread looks at chunks while the next ones are read. */
  readonly sharing?: ChunkSharing | undefined
}

/** How another thread looks at chunks: they stand in shared memory, in two buffers that are filled in turn. */
export interface ChunkSharing {
  /** Called when one buffer is full, before the other one is filled again. */
  beforeReuse(): void
}

/**
 * Cuts chunks into lines. Use: `freeSpace` to read a chunk into, `take` to say how much came, `nextLine` until it
 * gives `null`, and so on; `end` at the end of the file, and `nextLine` for what is left. The unfinished line stays in
 * the buffer and the next chunk is read behind it.
 */
export class LineCutter {
  /** Bytes of the file taken so far: where the next read begins. */
  position = 0
  readonly #fileBytes: number
  readonly #chunkBytes: number
  readonly #maxLineBytes: number
  #buffer: Buffer
  /** What is filled next, where two are filled in turn. */
  #spare: Buffer | null = null
  readonly #sharing: ChunkSharing | null
  /** The part of `#buffer` that is filled. */
  #content: Buffer
  /** Unfinished line: `#content` from `#start` on; before `#scanned` it holds no line feed. */
  #start = 0
  #scanned = 0
  #lineNumber = 1
  /** Where `#buffer` begins in the file. */
  #bufferOffset = 0
  #hasEnded = false
  /** Beginning of a line that is too long, while the rest of it is skipped. */
  #longLine: { readonly offset: number; readonly bytes: Buffer } | null = null

  constructor({ fileBytes, chunkBytes, maxLineBytes, sharing }: LineCutterOptions) {
    this.#fileBytes = fileBytes
    this.#sharing = sharing ?? null
    this.#maxLineBytes = maxLineBytes
    // One byte more than the file, so that small files end within their first read.
    this.#chunkBytes = Math.min(chunkBytes, Math.max(smallestBufferBytes, fileBytes + 1))
    this.#buffer = this.#allocate(this.#sharing === null ? this.#chunkBytes : sharedBufferBytes)
    this.#content = this.#buffer.subarray(0, 0)
  }

  /** Where the next chunk goes. Ends the life of the lines handed out before. */
  freeSpace(): Buffer {
    if (this.#sharing !== null) return this.#freeOfShared()
    this.#moveToFront()
    if (this.#content.length === this.#buffer.length) this.#moveTo(this.#buffer.length * 2)
    return this.#buffer.subarray(this.#content.length)
  }

  /** Says that the first `count` bytes of the free space were filled. */
  take(count: number): void {
    this.#content = this.#buffer.subarray(0, this.#content.length + count)
    this.position += count
  }

  /** The next whole line that is not blank; `null` when another chunk is needed. */
  nextLine(): Line | null {
    for (;;) {
      const end = this.#content.indexOf(lineFeed, this.#scanned)
      if (end === -1) break
      const line = this.#lineUpTo(end, true)
      this.#lineNumber += 1
      this.#start = end + 1
      this.#scanned = end + 1
      if (line !== null) return line
    }
    if (this.#hasEnded) return this.#rest()
    this.#scanned = this.#content.length
    this.#skipIfTooLong()
    return null
  }

  /** What is at hand, of which `nextLine` has given what stands before `contentStart`. */
  get content(): Buffer {
    return this.#content
  }

  get contentStart(): number {
    return this.#start
  }

  /** Where `content` begins in the file. */
  get contentOffset(): number {
    return this.#bufferOffset
  }

  /** Of the line at `contentStart`. */
  get lineNumber(): number {
    return this.#lineNumber
  }

  /**
   * Whole lines may stand there. Not where a line that is too long goes on, nor behind the last line feed: whoever looked
   * at a long line again with each chunk would take hours for it.
   */
  get mayHoldLines(): boolean {
    return this.#longLine === null && !this.#hasEnded && this.#content.includes(lineFeed, this.#scanned)
  }

  /** Goes on at the beginning of another line of `content`: somebody else has cut those before it. */
  moveTo(contentStart: number, lineNumber: number): void {
    this.#start = contentStart
    this.#scanned = contentStart
    this.#lineNumber = lineNumber
  }

  /** A line of `content` that somebody else has cut. */
  lineAt(start: number, lineFeed: number, number: number): Line {
    const line = this.#lineBetween(start, lineFeed, number, true)
    if (line === null) throw new RangeError(`Line ${number} is blank.`)
    return line
  }

  /** Leaves out what `nextLine` has not given yet. */
  skipLines(): void {
    while (this.nextLine() !== null);
  }

  /** Says that the file has ended: its last line may be without a line feed. */
  end(): void {
    this.#hasEnded = true
  }

  #rest(): Line | null {
    const line = this.#lineUpTo(this.#content.length, false)
    this.#start = this.#content.length
    this.#scanned = this.#content.length
    return line
  }

  #lineUpTo(end: number, hasNewline: boolean): Line | null {
    const number = this.#lineNumber
    if (this.#longLine !== null) {
      const { offset, bytes } = this.#longLine
      const isLast = this.#bufferOffset + end + (hasNewline ? 1 : 0) >= this.#fileBytes
      this.#longLine = null
      const length = this.#bufferOffset + end - offset
      return { number, offset, length, bytes, isLast, hasNewline, isTooLong: true }
    }
    const start = number === 1 ? this.#start + byteOrderMarkBytes(this.#content, this.#start) : this.#start
    return this.#lineBetween(start, end, number, hasNewline)
  }

  #lineBetween(start: number, end: number, number: number, hasNewline: boolean): Line | null {
    const contentEnd = end > start && this.#content[end - 1] === carriageReturn ? end - 1 : end
    if (isBlank(this.#content, start, contentEnd)) return null
    const isLast = this.#bufferOffset + end + (hasNewline ? 1 : 0) >= this.#fileBytes
    const offset = this.#bufferOffset + start
    const length = contentEnd - start
    const isTooLong = length > this.#maxLineBytes
    const bytes = this.#content.subarray(start, isTooLong ? start + keptOfLongLineBytes : contentEnd)
    return { number, offset, length, bytes, isLast, hasNewline, isTooLong }
  }

  /** Chunk behind chunk, so that the other thread is seldom woken: on a busy machine each waking took about a millisecond. */
  #freeOfShared(): Buffer {
    const rest = this.#content.length - this.#start
    if (this.#buffer.length - this.#content.length < this.#chunkBytes) {
      let bytes = sharedBufferBytes
      while (bytes < rest + this.#chunkBytes) bytes *= 2
      this.#moveTo(bytes)
    }
    return this.#buffer.subarray(this.#content.length, this.#content.length + this.#chunkBytes)
  }

  #moveToFront(): void {
    if (this.#start === 0) return
    const isGrown = this.#buffer.length > this.#chunkBytes
    const fitsAgain = this.#content.length - this.#start < this.#chunkBytes
    this.#moveTo(isGrown && fitsAgain ? this.#chunkBytes : this.#buffer.length)
  }

  /** Brings the unfinished line to the front of a buffer of that size. */
  #moveTo(bufferBytes: number): void {
    const rest = this.#content.length - this.#start
    this.#sharing?.beforeReuse()
    const target = this.#bufferOf(bufferBytes)
    this.#content.copy(target, 0, this.#start)
    if (this.#sharing !== null) this.#spare = this.#buffer
    this.#buffer = target
    this.#content = target.subarray(0, rest)
    this.#bufferOffset += this.#start
    this.#scanned -= this.#start
    this.#start = 0
  }

  #bufferOf(bytes: number): Buffer {
    const before = this.#sharing === null ? this.#buffer : this.#spare
    return before?.length === bytes ? before : this.#allocate(bytes)
  }

  #allocate(bytes: number): Buffer {
    if (this.#sharing === null) return Buffer.allocUnsafeSlow(bytes)
    const kept = bytes === sharedBufferBytes ? keptShared.pop() : undefined
    return kept ?? Buffer.from(new SharedArrayBuffer(bytes))
  }

  /** Gives the buffers to other files: nobody looks at a line of this one any more, nor another thread at a chunk. */
  release(): void {
    if (this.#sharing === null) return
    for (const buffer of [this.#buffer, this.#spare]) {
      if (buffer?.length === sharedBufferBytes && keptShared.length < mostKeptShared) keptShared.push(buffer)
    }
  }

  #skipIfTooLong(): void {
    // One byte more than the limit may be the CR of a line that is just short enough.
    if (this.#longLine === null && this.#content.length - this.#start <= this.#maxLineBytes + 1) return
    this.#longLine ??= {
      offset: this.#bufferOffset + this.#start,
      bytes: Buffer.from(this.#content.subarray(this.#start, this.#start + keptOfLongLineBytes)),
    }
    this.#start = this.#content.length
  }
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const keptOfLongLineBytes = 64 * 1024
const smallestBufferBytes = 4 * 1024
/** Holds four of the usual chunks. */
const sharedBufferBytes = 1024 * 1024
/** For the next file: memory that is given up is not free before its time comes. */
const keptShared: Buffer[] = []
const mostKeptShared = 4

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
