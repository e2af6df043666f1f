import { isUtf8 } from 'node:buffer'
import type { LineCutter } from '../line-cutter.js'
import type { LinePosition } from '../line-position.js'
import type { ScannedKind } from './field-roles.js'
import { holeFields, maxRowsOfScan, rowFields, type ScanStop } from './line-scanner.js'
import { beginPatternGeneration, patternGeneration } from './pattern-knowledge.js'
import { lineScanner } from './scanner-of-process.js'

/**
 * A row that the scanner found; nothing of it was parsed. It is one object that moves from row to row, and its bytes
 * live until the next chunk is read.
 */
export interface PlainRow extends LinePosition {
  readonly kind: ScannedKind
  /** The line stands in them from `start`, with its CR up to `lineFeed`. */
  readonly bytes: Buffer
  readonly start: number
  readonly lineFeed: number
  /** The id in these bytes, and their hash. */
  readonly idStart: number
  readonly idEnd: number
  readonly idHash: number
  /** The id has escapes, so that its bytes are not the id. */
  readonly isIdEscaped: boolean
  /** Rows of one pattern are alike in all that a judge looks at. 0: it is not known. */
  readonly pattern: number
  /** Values of the row that the pattern says little or nothing of, in their order. */
  readonly holeCount: number
  holeStart(hole: number): number
  holeEnd(hole: number): number
  /** `holeFlags` */
  flagsOf(hole: number): number
  /** False for a pattern that is not known and cannot be: nobody needs to find out what could be learned of it. */
  readonly mayLearn: boolean
  /** Has rows of this pattern known from now on; gives its number, or 0 when no more are kept. */
  learn(): number
}

/**
 * Walks through the rows of a chunk. What the scanner found is copied: it looks at other files while somebody works on
 * a row.
 */
export class ScannedRows implements PlainRow {
  readonly kind: ScannedKind
  bytes: Buffer = Buffer.alloc(0)
  stop: ScanStop = 'no-more-lines'
  readonly #rows = new Uint32Array(maxRowsOfScan * rowFields.count)
  #holes = new Uint32Array(0)
  #count = 0
  /** Of the row in `#rows`. */
  #at = 0
  #left = 0
  #from = 0
  #firstLine = 1
  #bytesOffset = 0
  #isAllUtf8 = true

  #generation = 0

  constructor(kind: ScannedKind) {
    this.kind = kind
    // One file with a new pattern in each row must not spoil those that follow it.
    if (isFull) forgetPatterns()
  }

  /** Scans what the cutter has not handed out yet, and has it go on behind the rows found. */
  scan(cutter: LineCutter): void {
    const scanner = lineScanner()
    const { content, contentStart, contentOffset, lineNumber } = cutter
    this.bytes = content
    this.#generation = patternGeneration()
    this.#from = contentStart
    this.#firstLine = lineNumber
    this.#bytesOffset = contentOffset
    this.#count = scanner.scan(content, contentStart, content.length, this.kind)
    this.#left = this.#count
    this.#at = -rowFields.count
    this.stop = scanner.stop
    this.#rows.set(scanner.rows.subarray(0, this.#count * rowFields.count))
    this.#keepHoles(scanner.holes)
    this.#isAllUtf8 = isUtf8(content.subarray(contentStart, scanner.position))
    cutter.moveTo(scanner.position, lineNumber + scanner.lines)
  }

  /** Goes to the next row; false when there is none. */
  next(): boolean {
    if (this.#left === 0) return false
    this.#left -= 1
    this.#at += rowFields.count
    return true
  }

  /** The scanner does not look at that. A row that is not is none. */
  get isUtf8(): boolean {
    return this.#isAllUtf8 || isUtf8(this.bytes.subarray(this.start, this.lineFeed))
  }

  get start(): number {
    return this.#from + this.#field(rowFields.start)
  }

  get lineFeed(): number {
    return this.#from + this.#field(rowFields.end)
  }

  get line(): number {
    return this.#firstLine + this.#field(rowFields.line)
  }

  get offset(): number {
    return this.#bytesOffset + this.start
  }

  get length(): number {
    const { lineFeed } = this
    return (this.bytes[lineFeed - 1] === carriageReturn ? lineFeed - 1 : lineFeed) - this.start
  }

  get idStart(): number {
    return this.#from + this.#field(rowFields.idStart)
  }

  get idEnd(): number {
    return this.#from + this.#field(rowFields.idEnd)
  }

  get idHash(): number {
    return this.#field(rowFields.idHash)
  }

  get isIdEscaped(): boolean {
    return this.#field(rowFields.isIdEscaped) !== 0
  }

  get pattern(): number {
    return this.#generation === patternGeneration() ? this.#field(rowFields.pattern) : 0
  }

  get holeCount(): number {
    return this.#field(rowFields.endHole) - this.#field(rowFields.firstHole)
  }

  holeStart(hole: number): number {
    return this.#from + this.#holeField(hole, holeFields.start)
  }

  holeEnd(hole: number): number {
    return this.#from + this.#holeField(hole, holeFields.end)
  }

  flagsOf(hole: number): number {
    return this.#holeField(hole, holeFields.flags)
  }

  get mayLearn(): boolean {
    return !isFull || this.pattern !== 0
  }

  learn(): number {
    const scanner = lineScanner()
    if (scanner.scan(this.bytes, this.start, this.lineFeed + 1, this.kind, 1) !== 1) return 0
    const pattern = scanner.rows[rowFields.pattern] || scanner.learn()
    if (pattern === 0) isFull = true
    return pattern
  }

  #field(field: number): number {
    return this.#rows[this.#at + field] ?? 0
  }

  #holeField(hole: number, field: number): number {
    return this.#holes[(this.#field(rowFields.firstHole) + hole) * holeFields.count + field] ?? 0
  }

  #keepHoles(holes: Uint32Array): void {
    const last = this.#count * rowFields.count - rowFields.count + rowFields.endHole
    const used = (this.#count === 0 ? 0 : (this.#rows[last] ?? 0)) * holeFields.count
    if (used > this.#holes.length) this.#holes = new Uint32Array(Math.max(used, 2 * this.#holes.length))
    this.#holes.set(holes.subarray(0, used))
  }
}

/** The scanner of this process keeps no more patterns. */
let isFull = false

function forgetPatterns(): void {
  lineScanner().forget()
  beginPatternGeneration()
  isFull = false
}

const carriageReturn = 0x0d

/** The id of a row. */
export function idOf(row: PlainRow): string {
  return row.isIdEscaped ? escapedId(row) : row.bytes.toString('utf8', row.idStart, row.idEnd)
}

/** The same of one that has escapes. */
export function escapedId({ bytes, idStart, idEnd }: PlainRow): string {
  // With its quotes it is a JSON string, as the scanner has seen.
  return JSON.parse(bytes.toString('utf8', idStart - 1, idEnd + 1)) as string
}
