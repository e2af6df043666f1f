/**
 * The line scanner: proves that lines are JSON, and says where in them stands what differs from row to row.
 * AssemblyScript, compiled by `npm run build:scanner` to `../scanner-module.ts`; `../plain-scanner.ts` is the same in
 * plain TypeScript. How it is used, and why what it says is right, is told in `docs/fast-path.md`.
 *
 * It only ever says *yes*: a line that it takes is one that `JSON.parse` takes, and whatever it is not sure of (escapes
 * in names, numbers that a double may not hold, deep nesting, a missing id, …) is left to others.
 */
import * as at from './memory-map'
import { endOfNumberBlock, hasSpacesInBlock, numbersInBlock } from './number-blocks'
import { addPattern, clearPatterns, patternNumber } from './patterns'
import { fieldOf, Role, roleOf } from './roles'
import { copyStringified } from './stringify'
import {
  endOfAny,
  endOfLiteral,
  endOfNumber,
  endOfSpace,
  endOfString,
  escapes,
  hasWords,
  maxDepth,
  spaces,
  strangeEscapes,
} from './tokens'

export { clearPatterns, copyStringified }

/** Where the next byte of the pattern goes. */
let next: u32 = at.pattern
/** Where the next hole goes, and how far this line may go. */
let hole: u32 = at.holes
let idStart: u32 = 0
let idEnd: u32 = 0
let isIdEscaped: bool = false

let position: u32 = 0
let stop: u32 = 0
let lines: u32 = 0

/** Where the last scan ended: the beginning of the first line that no record was made of. An offset from `at.input`. */
export function positionOf(): u32 {
  return position
}

/**
 * Why it ended. 0: all is scanned, or the last line has no line feed yet. 1: there is no more room for records. 2: the
 * line at the position is not plain.
 */
export function stopOf(): u32 {
  return stop
}

/** Line feeds before the position. */
export function linesOf(): u32 {
  return lines
}

/** Makes room for that many bytes from `at.input` on. */
export function reserve(bytes: u32): void {
  const pages = i32((at.input + bytes + at.padding + 0xffff) >> 16)
  if (pages > memory.size()) memory.grow(pages - memory.size())
}

/** The room for bytes from `at.input` on. */
export function capacity(): u32 {
  return (u32(memory.size()) << 16) - at.input - at.padding
}

/**
 * Scans the whole lines between two offsets from `at.input`, and gives the number of records. A line feed and padding
 * are put behind `to`. `root`: the node of the tree of roles that the rows are read by.
 */
export function scan(from: u32, to: u32, root: u32, maxRecords: u32): u32 {
  const limit = at.input + to
  // So that no token runs on.
  memory.fill(limit, 0x0a, at.padding)
  const recordsEnd = at.records + min(maxRecords * at.recordBytes, at.recordsEnd - at.records)
  let record: u32 = at.records
  let start = at.input + from
  hole = at.holes
  lines = 0
  stop = 0
  while (start < limit) {
    if (record == recordsEnd || hole > at.holesEnd - at.holesOfLine) {
      stop = 1
      break
    }
    const first = endOfSpace(start)
    const firstHole = hole
    const lineFeed = load<u8>(first) == 0x0a ? first : endOfRow(first, root)
    if (lineFeed == 0 || lineFeed == limit) {
      hole = firstHole
      if (lineFeed == 0 && hasLineFeed(first, limit)) stop = 2
      break
    }
    if (lineFeed != first) {
      writeRecord(record, start, lineFeed, firstHole)
      record += at.recordBytes
    }
    lines += 1
    start = lineFeed + 1
  }
  position = start - at.input
  return (record - at.records) / at.recordBytes
}

/** Keeps the pattern of the line that was scanned last; gives its number, or 0 when there is no room. */
export function learn(): u32 {
  return addPattern(next)
}

function hasLineFeed(from: u32, limit: u32): bool {
  const lineFeeds = i8x16.splat(0x0a)
  let p = from
  let mask = i8x16.bitmask(i8x16.eq(v128.load(p), lineFeeds))
  while (mask == 0) {
    p += 16
    mask = i8x16.bitmask(i8x16.eq(v128.load(p), lineFeeds))
  }
  return p + ctz(mask) < limit
}

function writeRecord(record: u32, start: u32, lineFeed: u32, firstHole: u32): void {
  store<u32>(record, start - at.input)
  store<u32>(record, lineFeed - at.input, 4)
  store<u32>(record, lines, 8)
  store<u32>(record, idStart - at.input, 12)
  store<u32>(record, idEnd - at.input, 16)
  store<u32>(record, hashOfId(), 20)
  store<u32>(record, patternNumber(next), 24)
  store<u32>(record, (firstHole - at.holes) / at.holeBytes, 28)
  store<u32>(record, (hole - at.holes) / at.holeBytes, 32)
  store<u32>(record, u32(isIdEscaped), 36)
}

/** As `hashOfBytes` in `../../id-hash.ts`. */
function hashOfId(): u32 {
  let hash: u32 = 0x811c9dc5
  for (let p = idStart; p < idEnd; p += 1) hash = (hash ^ u32(load<u8>(p))) * 0x01000193
  hash = (hash ^ (hash >> 16)) * 0x85ebca6b
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35
  return hash ^ (hash >> 16)
}

/** The line feed behind a row; 0 when it is not plain. */
function endOfRow(first: u32, root: u32): u32 {
  if (load<u8>(first) != 0x7b) return 0
  next = at.pattern
  idStart = 0
  store<u16>(next, u16(root))
  next += 2
  const end = endOfObject(first, root, 1)
  if (end == 0 || idStart == 0) return 0
  const lineFeed = endOfSpace(end)
  return load<u8>(lineFeed) == 0x0a ? lineFeed : 0
}

/** A value that the pattern tells of. */
function endOfValue(from: u32, node: u32, depth: u32): u32 {
  const role = roleOf(node)
  const byte = load<u8>(from)
  if (role == Role.ignored) return endOfIgnored(from, byte, depth)
  if (role == Role.counted) return byte == 0x5b ? endOfCounted(from, depth) : endOfIgnored(from, byte, depth)
  if (role == Role.id) return endOfId(from, byte)
  if (role == Role.barred) return 0
  if (byte == 0x22) return endOfText(from, role)
  if (byte == 0x7b) return endOfObject(from, node, depth)
  return byte == 0x5b ? endOfList(from, node, role, depth) : endOfScalar(from, byte, role)
}

function endOfObject(from: u32, node: u32, depth: u32): u32 {
  if (depth > maxDepth) return 0
  writeByte(0x7b)
  let p = endOfSpace(from + 1)
  if (load<u8>(p) == 0x7d) return closed(p, 0x7d)
  while (next <= at.patternEnd) {
    if (load<u8>(p) != 0x22) return 0
    const name = p + 1
    const escapesBefore = escapes
    p = endOfString(name)
    if (p == 0 || escapes != escapesBefore || !writeBytes(0x3a, name, p)) return 0
    const field = fieldOf(node, name, p - name)
    p = endOfSpace(p + 1)
    if (load<u8>(p) != 0x3a) return 0
    p = endOfValue(endOfSpace(p + 1), field, depth + 1)
    if (p == 0) return 0
    p = endOfSpace(p)
    const byte = load<u8>(p)
    if (byte == 0x7d) return closed(p, byte)
    if (byte != 0x2c) return 0
    p = endOfSpace(p + 1)
  }
  return 0
}

function endOfList(from: u32, node: u32, role: u8, depth: u32): u32 {
  if (depth > maxDepth) return 0
  const spacesBefore = spaces
  let p = endOfSpace(from + 1)
  if (role == Role.vector && isNumberStart(load<u8>(p))) return endOfVector(from, p, spacesBefore)
  writeByte(0x5b)
  if (load<u8>(p) == 0x5d) return closed(p, 0x5d)
  while (next <= at.patternEnd) {
    p = endOfValue(p, node, depth + 1)
    if (p == 0) return 0
    p = endOfSpace(p)
    const byte = load<u8>(p)
    if (byte == 0x5d) return closed(p, byte)
    if (byte != 0x2c) return 0
    p = endOfSpace(p + 1)
  }
  return 0
}

function endOfVector(from: u32, first: u32, spacesBefore: u32): u32 {
  let count: u32 = 0
  let isSpacedOut = false
  let p = first
  while (true) {
    const behindBlock = endOfNumberBlock(p)
    if (behindBlock != p) {
      count += numbersInBlock
      isSpacedOut = isSpacedOut || hasSpacesInBlock
      p = behindBlock
      continue
    }
    p = endOfNumber(endOfSpace(p))
    if (p == 0) return 0
    count += 1
    p = endOfSpace(p)
    const byte = load<u8>(p)
    if (byte == 0x5d) break
    if (byte != 0x2c) return 0
    p += 1
  }
  writeCount(0x56, count)
  return writeHole(from, p + 1, isSpacedOut || spaces != spacesBefore ? hasSpaces : 0) ? p + 1 : 0
}

function endOfCounted(from: u32, depth: u32): u32 {
  if (depth > maxDepth) return 0
  let p = endOfSpace(from + 1)
  let count: u32 = 0
  writeByte(0x4c)
  writeByte(kindOf(load<u8>(p)))
  while (load<u8>(p) != 0x5d) {
    p = endOfAny(p, depth + 1)
    if (p == 0) return 0
    count += 1
    p = endOfSpace(p)
    const byte = load<u8>(p)
    if (byte == 0x5d) break
    if (byte != 0x2c) return 0
    p = endOfSpace(p + 1)
    if (load<u8>(p) == 0x5d) return 0
  }
  writeCount(0x4c, count)
  return p + 1
}

function endOfIgnored(from: u32, byte: u8, depth: u32): u32 {
  const spacesBefore = spaces
  const strangeBefore = strangeEscapes
  const end = endOfAny(from, depth)
  if (end == 0) return 0
  writeByte(0x49)
  writeByte(kindOf(byte))
  const flags = (spaces == spacesBefore ? 0 : hasSpaces) | (strangeEscapes == strangeBefore ? 0 : hasStrangeEscapes)
  return writeHole(from, end, flags) ? end : 0
}

function endOfId(from: u32, byte: u8): u32 {
  if (byte != 0x22) return 0
  const escapesBefore = escapes
  const strangeBefore = strangeEscapes
  const end = endOfString(from + 1)
  if (end == 0 || end == from + 1 || end - from > maxIdBytes) return 0
  idStart = from + 1
  idEnd = end
  isIdEscaped = escapes != escapesBefore
  writeByte(0x44)
  return writeHole(from, end + 1, strangeEscapes == strangeBefore ? 0 : hasStrangeEscapes) ? end + 1 : 0
}

/** Ids are as short as `maxIdLength` in `../../id-table.ts` demands when their bytes are. */
const maxIdBytes: u32 = 32_767

function endOfText(from: u32, role: u8): u32 {
  const strangeBefore = strangeEscapes
  const escapesBefore = escapes
  const end = endOfString(from + 1)
  if (end == 0) return 0
  if (role == Role.filled && hasWords(from + 1, end)) {
    writeByte(0x57)
    return writeHole(from, end + 1, strangeEscapes == strangeBefore ? 0 : hasStrangeEscapes) ? end + 1 : 0
  }
  return escapes == escapesBefore && writeBytes(0x22, from + 1, end) ? end + 1 : 0
}

function endOfScalar(from: u32, byte: u8, role: u8): u32 {
  if (!isNumberStart(byte)) {
    const end = endOfLiteral(from)
    writeByte(byte)
    return end
  }
  const end = endOfNumber(from)
  if (end == 0) return 0
  if (role != Role.filled) return writeBytes(0x23, from, end) ? end : 0
  writeByte(0x4e)
  return writeHole(from, end, 0) ? end : 0
}

// @ts-ignore: decorator
@inline
function isNumberStart(byte: u8): bool {
  return byte == 0x2d || u8(byte - 0x30) < 10
}

/** One byte for each kind of value. */
function kindOf(byte: u8): u8 {
  return isNumberStart(byte) ? 0x23 : byte
}

function closed(p: u32, byte: u8): u32 {
  writeByte(byte)
  return p + 1
}

// @ts-ignore: decorator
@inline
function writeByte(byte: u8): void {
  store<u8>(next, byte)
  next += 1
}

/** A tag, a length and that many bytes, of which the pattern has at most 64. */
function writeBytes(tag: u8, from: u32, end: u32): bool {
  const length = end - from
  if (length > 64 || next > at.patternEnd) return false
  store<u8>(next, tag)
  store<u8>(next, u8(length), 1)
  for (let done: u32 = 0; done < length; done += 16) v128.store(next + 2 + done, v128.load(from + done))
  next += 2 + length
  return true
}

function writeCount(tag: u8, count: u32): void {
  store<u8>(next, tag)
  store<u32>(next, count, 1)
  next += 5
}

/** Flags of a hole: `JSON.stringify` writes an escape of it in another way; white space stands between its tokens. */
const hasStrangeEscapes: u32 = 1
const hasSpaces: u32 = 2

function writeHole(from: u32, end: u32, flags: u32): bool {
  if (hole == at.holesEnd) return false
  store<u32>(hole, from - at.input)
  store<u32>(hole, end - at.input, 4)
  store<u32>(hole, flags, 8)
  hole += at.holeBytes
  return true
}
