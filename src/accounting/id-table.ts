import { reconciliationError } from '../errors.js'
import { GrowableColumn } from './growable-column.js'
import { hashOfBytes } from './id-hash.js'

/** Longest id the table takes, in UTF-16 code units. Servers allow far less; a limit keeps a bad line from filling memory. */
export const maxIdLength = 32_767

/**
 * Gives each distinct id a number from 0, in the order of arrival. Ids are compared by exact string value
 * (lone surrogates included), never by hash alone.
 *
 * A `Map` of strings costs about twice the memory here: ten million ids have to fit beside the user's own
 * program. So the bytes stand in blocks, as UTF-8, and an open hash table of 32-bit slots points at them. An id that
 * stands in a file without escapes is looked up by its bytes, and never made a string.
 */
export class IdTable {
  readonly #blocks: Buffer[] = []
  #blockFilled = 0
  /** Block number and place in the block, as one number. */
  readonly #places = new GrowableColumn(Uint32Array)
  /** The upper eight bits of each hash: most comparisons need no look at the bytes. */
  readonly #hashTags = new GrowableColumn(Uint8Array)
  /** Number of the id plus 1; 0 is a free slot. The size is a power of two, at most three quarters are taken. */
  #slots = new Uint32Array(1024)
  #size = 0
  /** The id that was found last: answers come nearly in the order of their requests. */
  #lastFound = -1

  get size(): number {
    return this.#size
  }

  /** The id's number, or -1. */
  find(id: string): number {
    const { bytes, end, isWide } = encoded(id)
    return this.#find(bytes, 0, end, hashOfBytes(bytes, 0, end), isWide)
  }

  /** The same for an id in UTF-8, which no lone surrogate stands in. */
  findBytes(bytes: Uint8Array, start: number, end: number, hash: number): number {
    return this.#find(bytes, start, end, hash, false)
  }

  /** The number of an id that may be new. When `size` grew by it, it was. */
  add(id: string): number {
    const { bytes, end, isWide } = encoded(id)
    return this.#add(bytes, 0, end, hashOfBytes(bytes, 0, end), isWide)
  }

  /** Whether the id was new; from now on it is not. */
  addNew(id: string): boolean {
    const before = this.#size
    this.add(id)
    return this.#size > before
  }

  /** The same as `add` for an id in UTF-8, which no lone surrogate stands in. */
  addBytes(bytes: Uint8Array, start: number, end: number, hash: number): number {
    return this.#add(bytes, start, end, hash, false)
  }

  /** The id with this number, which must have been given out. */
  at(ordinal: number): string {
    const block = this.#blockOf(ordinal)
    const place = this.#placeOf(ordinal)
    const start = startOf(block, place)
    return block.toString(block[place] === wide ? 'utf16le' : 'utf8', start, endOf(block, place))
  }

  #find(bytes: Uint8Array, start: number, end: number, hash: number, isWide: boolean): number {
    const next = this.#lastFound + 1
    const isNext = next < this.#size && this.#isAt(next, bytes, start, end, hash, isWide)
    const found = isNext ? next : (this.#slots[this.#slotOf(bytes, start, end, hash, isWide)] ?? 0) - 1
    if (found !== -1) this.#lastFound = found
    return found
  }

  #isAt(
    ordinal: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    hash: number,
    isWide: boolean,
  ): boolean {
    return this.#hashTags.get(ordinal) === hash >>> 24 && this.#holds(ordinal, bytes, start, end, isWide)
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, isWide: boolean): number {
    const slot = this.#slotOf(bytes, start, end, hash, isWide)
    const known = this.#slots[slot] ?? 0
    if (known !== 0) return known - 1
    const ordinal = this.#size
    this.#store(ordinal, bytes, start, end, isWide)
    this.#hashTags.set(ordinal, hash >>> 24)
    this.#slots[slot] = ordinal + 1
    this.#size += 1
    if (this.#size * 4 > this.#slots.length * 3) this.#growSlots()
    return ordinal
  }

  #slotOf(bytes: Uint8Array, start: number, end: number, hash: number, isWide: boolean): number {
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (let taken = this.#slots[slot] ?? 0; taken !== 0; taken = this.#slots[slot] ?? 0) {
      if (this.#isAt(taken - 1, bytes, start, end, hash, isWide)) break
      slot = (slot + 1) & mask
    }
    return slot
  }

  #holds(ordinal: number, bytes: Uint8Array, start: number, end: number, isWide: boolean): boolean {
    const block = this.#blockOf(ordinal)
    const place = this.#placeOf(ordinal)
    const from = startOf(block, place)
    const length = end - start
    if (endOf(block, place) - from !== length || (block[place] === wide) !== isWide) return false
    for (let at = 0; at < length; at += 1) if (block[from + at] !== bytes[start + at]) return false
    return true
  }

  #blockOf(ordinal: number): Buffer {
    const block = this.#blocks[this.#places.get(ordinal) >>> blockBits]
    if (block === undefined) throw new RangeError(`No id has the number ${ordinal}.`)
    return block
  }

  #placeOf(ordinal: number): number {
    return this.#places.get(ordinal) & (blockBytes - 1)
  }

  #store(ordinal: number, bytes: Uint8Array, start: number, end: number, isWide: boolean): void {
    const length = end - start
    const isShort = !isWide && length <= maxShortBytes
    const block = this.#blockWithRoom(length + (isShort ? 1 : longHeaderBytes))
    this.#places.set(ordinal, (this.#blocks.length - 1) * blockBytes + this.#blockFilled)
    block[this.#blockFilled] = isShort ? length : isWide ? wide : long
    this.#blockFilled += 1
    if (!isShort) this.#blockFilled = block.writeUInt32LE(length, this.#blockFilled)
    for (let at = start; at < end; at += 1) block[this.#blockFilled + at - start] = bytes[at] ?? 0
    this.#blockFilled += length
  }

  #blockWithRoom(bytes: number): Buffer {
    const last = this.#blocks.at(-1)
    if (last !== undefined && this.#blockFilled + bytes <= last.length) return last
    if (this.#blocks.length === maxBlocks) throw tooManyIds()
    const isFirst = last === undefined && bytes <= firstBlockBytes
    const block = Buffer.allocUnsafeSlow(isFirst ? firstBlockBytes : blockBytes)
    this.#blocks.push(block)
    this.#blockFilled = 0
    return block
  }

  #growSlots(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let ordinal = 0; ordinal < this.#size; ordinal += 1) {
      const block = this.#blockOf(ordinal)
      const place = this.#placeOf(ordinal)
      let slot = hashOfBytes(block, startOf(block, place), endOf(block, place)) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = ordinal + 1
    }
    this.#slots = slots
  }
}

/** 1 MiB: a hundred times the longest id that occurs, and 4096 of them fill the 32 bits of a place. */
const blockBits = 20
const blockBytes = 1 << blockBits
const maxBlocks = 2 ** (32 - blockBits)
/** Most triples are small, and thousands of them come in one run. */
const firstBlockBytes = 16 * 1024

/**
 * Before each id stands the number of its bytes; or, for a long one and for one that UTF-8 cannot hold (its bytes are
 * UTF-16), one of these, and then the number in four bytes.
 */
const maxShortBytes = 0xfd
const long = 0xfe
const wide = 0xff
const longHeaderBytes = 5

function startOf(block: Buffer, place: number): number {
  return place + ((block[place] ?? 0) <= maxShortBytes ? 1 : longHeaderBytes)
}

function endOf(block: Buffer, place: number): number {
  const first = block[place] ?? 0
  return first <= maxShortBytes ? place + 1 + first : place + longHeaderBytes + block.readUInt32LE(place + 1)
}

interface EncodedId {
  readonly bytes: Buffer
  readonly end: number
  readonly isWide: boolean
}

/** The bytes live until the next id is encoded. */
function encoded(id: string): EncodedId {
  if (id.length * 3 > scratch.length) scratch = Buffer.allocUnsafeSlow(id.length * 3)
  const isWide = !id.isWellFormed()
  return { bytes: scratch, end: scratch.write(id, 0, isWide ? 'utf16le' : 'utf8'), isWide }
}

let scratch = Buffer.allocUnsafeSlow(1_024)

function tooManyIds(): Error {
  return reconciliationError({
    code: 'TooManyRequests',
    message: 'The ids of this triple take more than 4 GiB.',
    hint: 'Split the input and its answers into several triples, or use shorter ids.',
    needsPerson: true,
  })
}
