import { hashOfBytes } from '../id-hash.js'
import { copyStringified } from './copy-stringified.js'
import type { ScannedKind } from './field-roles.js'
import {
  holeFields,
  holeFlags,
  maxRowsOfScan,
  rowFields,
  type LineScanner,
  type ScanStop,
} from './line-scanner.js'
import { PlainPattern } from './plain-pattern.js'
import { PlainRoles } from './plain-roles.js'
import { char, isNumberStart, maxDepth, PlainTokens } from './plain-tokens.js'

const maxHoles = 16_384
const maxHolesOfRow = 1_024
const maxIdBytes = 32_767

/** The line scanner in plain JavaScript: what `assembly/scanner.ts` does, where WebAssembly does not run. */
export class PlainScanner implements LineScanner {
  position = 0
  stop: ScanStop = 'no-more-lines'
  lines = 0
  readonly rows = new Uint32Array(maxRowsOfScan * rowFields.count)
  readonly holes = new Uint32Array(maxHoles * holeFields.count)
  readonly #tokens = new PlainTokens()
  readonly #roles = new PlainRoles()
  readonly #pattern = new PlainPattern()
  #holeCount = 0
  #idStart = 0
  #idEnd = 0
  #isIdEscaped = false
  #from = 0

  scan(bytes: Uint8Array, from: number, to: number, kind: ScannedKind, maxRows = maxRowsOfScan): number {
    const tokens = this.#tokens
    tokens.bytes = bytes
    tokens.limit = to
    this.#from = from
    this.#holeCount = 0
    this.lines = 0
    this.stop = 'no-more-lines'
    let count = 0
    let start = from
    while (start < to) {
      if (count === maxRows || this.#holeCount > maxHoles - maxHolesOfRow) {
        this.stop = 'full'
        break
      }
      const first = tokens.endOfSpace(start)
      const firstHole = this.#holeCount
      const isBlank = tokens.at(first) === char.lineFeed
      const lineFeed = isBlank ? first : this.#endOfRow(first, kind)
      if (lineFeed >= to || (lineFeed === 0 && !isBlank)) {
        this.#holeCount = firstHole
        const next = lineFeed === 0 ? bytes.indexOf(char.lineFeed, first) : -1
        if (next !== -1 && next < to) this.stop = 'not-plain'
        break
      }
      if (!isBlank) {
        this.#addRow(count, start, lineFeed, firstHole)
        count += 1
      }
      this.lines += 1
      start = lineFeed + 1
    }
    this.position = start
    return count
  }

  copyStringified(bytes: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
    return copyStringified(bytes, start, end, target, at)
  }

  forget(): void {
    this.#pattern.forget()
  }

  learn(): number {
    return this.#pattern.learn()
  }

  #addRow(count: number, start: number, lineFeed: number, firstHole: number): void {
    const from = this.#from
    this.rows.set(
      [
        start - from,
        lineFeed - from,
        this.lines,
        this.#idStart - from,
        this.#idEnd - from,
        hashOfBytes(this.#tokens.bytes, this.#idStart, this.#idEnd),
        this.#pattern.number,
        firstHole,
        this.#holeCount,
        this.#isIdEscaped ? 1 : 0,
      ],
      count * rowFields.count,
    )
  }

  /** The line feed behind a row; 0 when it is not plain. */
  #endOfRow(first: number, kind: ScannedKind): number {
    if (this.#tokens.at(first) !== char.openObject) return 0
    const root = this.#roles.roots[kind]
    this.#pattern.begin(root)
    this.#idEnd = 0
    const end = this.#endOfObject(first, root, 1)
    if (end === 0 || this.#idEnd === 0) return 0
    const lineFeed = this.#tokens.endOfSpace(end)
    return this.#tokens.at(lineFeed) === char.lineFeed ? lineFeed : 0
  }

  /** A value that the pattern tells of. */
  #endOfValue(from: number, position: number, depth: number): number {
    const role = this.#roles.at(position)
    const byte = this.#tokens.at(from)
    if (role === 'ignored') return this.#endOfIgnored(from, byte, depth)
    if (role === 'counted') {
      return byte === char.openList ? this.#endOfCounted(from, depth) : this.#endOfIgnored(from, byte, depth)
    }
    if (role === 'id') return this.#endOfId(from, byte)
    if (role === 'barred') return 0
    if (byte === char.quote) return this.#endOfText(from, role === 'filled')
    if (byte === char.openObject) return this.#endOfObject(from, position, depth)
    if (byte === char.openList) return this.#endOfList(from, position, depth)
    return this.#endOfScalar(from, byte, role === 'filled')
  }

  #endOfObject(from: number, position: number, depth: number): number {
    if (depth > maxDepth) return 0
    const tokens = this.#tokens
    this.#pattern.write(char.openObject)
    let p = tokens.endOfSpace(from + 1)
    if (tokens.at(p) === char.closeObject) return this.#closed(p, char.closeObject)
    while (this.#pattern.hasRoom) {
      if (tokens.at(p) !== char.quote) return 0
      const name = p + 1
      const escapesBefore = tokens.escapes
      p = tokens.endOfString(name)
      if (p === 0 || tokens.escapes !== escapesBefore || !this.#writeKept(char.colon, name, p)) return 0
      const field = this.#roles.fieldOf(position, tokens.bytes, name, p)
      p = tokens.endOfSpace(p + 1)
      if (tokens.at(p) !== char.colon) return 0
      p = this.#endOfValue(tokens.endOfSpace(p + 1), field, depth + 1)
      if (p === 0) return 0
      p = tokens.endOfSpace(p)
      if (tokens.at(p) === char.closeObject) return this.#closed(p, char.closeObject)
      if (tokens.at(p) !== char.comma) return 0
      p = tokens.endOfSpace(p + 1)
    }
    return 0
  }

  #endOfList(from: number, position: number, depth: number): number {
    if (depth > maxDepth) return 0
    const tokens = this.#tokens
    const spacesBefore = tokens.spaces
    let p = tokens.endOfSpace(from + 1)
    if (this.#roles.at(position) === 'vector' && isNumberStart(tokens.at(p))) {
      return this.#endOfVector(from, p, spacesBefore)
    }
    this.#pattern.write(char.openList)
    if (tokens.at(p) === char.closeList) return this.#closed(p, char.closeList)
    while (this.#pattern.hasRoom) {
      p = this.#endOfValue(p, position, depth + 1)
      if (p === 0) return 0
      p = tokens.endOfSpace(p)
      if (tokens.at(p) === char.closeList) return this.#closed(p, char.closeList)
      if (tokens.at(p) !== char.comma) return 0
      p = tokens.endOfSpace(p + 1)
    }
    return 0
  }

  #endOfVector(from: number, first: number, spacesBefore: number): number {
    const tokens = this.#tokens
    const { end, count } = tokens.countItems(first, (p) => tokens.endOfNumber(p))
    if (end === 0) return 0
    this.#pattern.writeCount(0x56, count)
    return this.#writeHole(from, end, tokens.spaces === spacesBefore ? 0 : holeFlags.hasSpaces) ? end : 0
  }

  #endOfCounted(from: number, depth: number): number {
    if (depth > maxDepth) return 0
    const tokens = this.#tokens
    const first = tokens.endOfSpace(from + 1)
    const byte = tokens.at(first)
    const isEmpty = byte === char.closeList
    const { end, count } = isEmpty
      ? { end: first + 1, count: 0 }
      : tokens.countItems(first, (p) => tokens.endOfAny(p, depth + 1))
    this.#pattern.write(0x4c)
    this.#pattern.write(kindOf(byte))
    this.#pattern.writeCount(0x4c, count)
    return end
  }

  #endOfIgnored(from: number, byte: number, depth: number): number {
    const tokens = this.#tokens
    const { spaces, strangeEscapes } = tokens
    const end = tokens.endOfAny(from, depth)
    if (end === 0) return 0
    this.#pattern.write(0x49)
    this.#pattern.write(kindOf(byte))
    const flags =
      (tokens.spaces === spaces ? 0 : holeFlags.hasSpaces) |
      (tokens.strangeEscapes === strangeEscapes ? 0 : holeFlags.hasStrangeEscapes)
    return this.#writeHole(from, end, flags) ? end : 0
  }

  #endOfId(from: number, byte: number): number {
    if (byte !== char.quote) return 0
    const tokens = this.#tokens
    const { escapes, strangeEscapes } = tokens
    const end = tokens.endOfString(from + 1)
    if (end === 0 || end === from + 1 || end - from > maxIdBytes) return 0
    this.#idStart = from + 1
    this.#idEnd = end
    this.#isIdEscaped = tokens.escapes !== escapes
    this.#pattern.write(0x44)
    const flags = tokens.strangeEscapes === strangeEscapes ? 0 : holeFlags.hasStrangeEscapes
    return this.#writeHole(from, end + 1, flags) ? end + 1 : 0
  }

  #endOfText(from: number, isFilled: boolean): number {
    const tokens = this.#tokens
    const { escapes, strangeEscapes } = tokens
    const end = tokens.endOfString(from + 1)
    if (end === 0) return 0
    if (isFilled && tokens.hasWords(from + 1, end)) {
      this.#pattern.write(0x57)
      const flags = tokens.strangeEscapes === strangeEscapes ? 0 : holeFlags.hasStrangeEscapes
      return this.#writeHole(from, end + 1, flags) ? end + 1 : 0
    }
    return tokens.escapes === escapes && this.#writeKept(char.quote, from + 1, end) ? end + 1 : 0
  }

  #endOfScalar(from: number, byte: number, isFilled: boolean): number {
    const tokens = this.#tokens
    if (!isNumberStart(byte)) {
      this.#pattern.write(byte)
      return tokens.endOfLiteral(from)
    }
    const end = tokens.endOfNumber(from)
    if (end === 0) return 0
    if (!isFilled) return this.#writeKept(0x23, from, end) ? end : 0
    this.#pattern.write(0x4e)
    return this.#writeHole(from, end, 0) ? end : 0
  }

  #closed(p: number, byte: number): number {
    this.#pattern.write(byte)
    return p + 1
  }

  #writeKept(tag: number, from: number, end: number): boolean {
    return this.#pattern.writeKept(tag, this.#tokens.bytes, from, end)
  }

  #writeHole(from: number, end: number, flags: number): boolean {
    if (this.#holeCount === maxHoles) return false
    this.holes.set([from - this.#from, end - this.#from, flags], this.#holeCount * holeFields.count)
    this.#holeCount += 1
    return true
  }
}

/** One byte for each kind of value. */
function kindOf(byte: number): number {
  return isNumberStart(byte) ? 0x23 : byte
}
