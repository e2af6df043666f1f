import { GrowableColumn } from './growable-column.js'

/** Longest id the table takes, in UTF-16 code units. Servers allow far less; a limit keeps a bad line from filling memory. */
export const maxIdLength = 32_767

/**
 * Gives each distinct id a number from 0, in the order of arrival. Ids are compared by exact string value
 * (lone surrogates included), never by hash alone.
 *
 * A `Map` of strings costs about twice the memory here: five million ids have to fit beside the user's own
 * program. So the characters stand in blocks (one byte each while they fit in Latin-1, else two), and an
 * open hash table of 32-bit slots points at them.
 */
export class IdTable {
  readonly #blocks: Buffer[] = []
  #blockFilled = 0
  /** Block number and place in the block, as one number. */
  readonly #places = new GrowableColumn(Uint32Array)
  /** The upper eight bits of each hash: most comparisons need no look at the characters. */
  readonly #hashTags = new GrowableColumn(Uint8Array)
  /** Number of the id plus 1; 0 is a free slot. The size is a power of two, at most three quarters are taken. */
  #slots = new Uint32Array(1024)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The id's number, or -1. */
  find(id: string): number {
    return (this.#slots[this.#slotOf(id, hashOf(id))] ?? 0) - 1
  }

  /** The number of an id that may be new. When `size` grew by it, it was. */
  add(id: string): number {
    const hash = hashOf(id)
    const slot = this.#slotOf(id, hash)
    const known = this.#slots[slot] ?? 0
    if (known !== 0) return known - 1
    const ordinal = this.#size
    this.#store(ordinal, id)
    this.#hashTags.set(ordinal, hash >>> 24)
    this.#slots[slot] = ordinal + 1
    this.#size += 1
    if (this.#size * 4 > this.#slots.length * 3) this.#growSlots()
    return ordinal
  }

  /** The id with this number, which must have been given out. */
  at(ordinal: number): string {
    const block = this.#blockOf(ordinal)
    const place = this.#places.get(ordinal) & (blockBytes - 1)
    const header = block.readUInt16LE(place)
    const start = place + headerBytes
    const isWide = (header & 1) === 1
    return isWide
      ? block.toString('utf16le', start, start + header - 1)
      : block.toString('latin1', start, start + (header >>> 1))
  }

  #slotOf(id: string, hash: number): number {
    const mask = this.#slots.length - 1
    const tag = hash >>> 24
    let slot = hash & mask
    for (let taken = this.#slots[slot] ?? 0; taken !== 0; taken = this.#slots[slot] ?? 0) {
      if (this.#hashTags.get(taken - 1) === tag && this.#holds(taken - 1, id)) break
      slot = (slot + 1) & mask
    }
    return slot
  }

  #holds(ordinal: number, id: string): boolean {
    const block = this.#blockOf(ordinal)
    const place = this.#places.get(ordinal) & (blockBytes - 1)
    const header = block.readUInt16LE(place)
    if (header >>> 1 !== id.length) return false
    return (header & 1) === 1
      ? holdsWide(block, place + headerBytes, id)
      : holdsNarrow(block, place + headerBytes, id)
  }

  #blockOf(ordinal: number): Buffer {
    const block = this.#blocks[this.#places.get(ordinal) >>> blockBits]
    if (block === undefined) throw new RangeError(`No id has the number ${ordinal}.`)
    return block
  }

  #store(ordinal: number, id: string): void {
    const isWide = hasWideUnit(id)
    const bytes = headerBytes + (isWide ? id.length * 2 : id.length)
    const block = this.#blockWithRoom(bytes)
    block.writeUInt16LE(id.length * 2 + (isWide ? 1 : 0), this.#blockFilled)
    block.write(id, this.#blockFilled + headerBytes, isWide ? 'utf16le' : 'latin1')
    this.#places.set(ordinal, (this.#blocks.length - 1) * blockBytes + this.#blockFilled)
    this.#blockFilled += bytes
  }

  #blockWithRoom(bytes: number): Buffer {
    const last = this.#blocks.at(-1)
    if (last !== undefined && this.#blockFilled + bytes <= last.length) return last
    const isFirst = last === undefined && bytes <= firstBlockBytes
    const block = Buffer.allocUnsafeSlow(isFirst ? firstBlockBytes : blockBytes)
    this.#blocks.push(block)
    this.#blockFilled = 0
    return block
  }

  #hashAt(ordinal: number): number {
    const block = this.#blockOf(ordinal)
    const place = this.#places.get(ordinal) & (blockBytes - 1)
    const header = block.readUInt16LE(place)
    if ((header & 1) === 1) return hashOf(this.at(ordinal))
    const end = place + headerBytes + (header >>> 1)
    let hash = hashSeed
    for (let at = place + headerBytes; at < end; at += 1) hash = hashStep(hash, block[at] ?? 0)
    return hashMix(hash)
  }

  #growSlots(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let ordinal = 0; ordinal < this.#size; ordinal += 1) {
      let slot = this.#hashAt(ordinal) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = ordinal + 1
    }
    this.#slots = slots
  }
}

/** 1 MiB: a hundred times the longest id that occurs, and 4096 of them fill the 32 bits of a place. */
const blockBits = 20
const blockBytes = 1 << blockBits
/** Most triples are small, and thousands of them come in one run. */
const firstBlockBytes = 16 * 1024

/** Before each id: its length in code units, shifted by one; the lowest bit says that a unit takes two bytes. */
const headerBytes = 2

function holdsNarrow(block: Buffer, start: number, id: string): boolean {
  for (let at = 0; at < id.length; at += 1) {
    if (block[start + at] !== id.charCodeAt(at)) return false
  }
  return true
}

function holdsWide(block: Buffer, start: number, id: string): boolean {
  for (let at = 0; at < id.length; at += 1) {
    if (block.readUInt16LE(start + at * 2) !== id.charCodeAt(at)) return false
  }
  return true
}

function hasWideUnit(id: string): boolean {
  for (let at = 0; at < id.length; at += 1) {
    if (id.charCodeAt(at) > 0xff) return true
  }
  return false
}

/** FNV-1a over code units with the final mix of MurmurHash3, since counted ids differ in their last digits only. */
function hashOf(id: string): number {
  let hash = hashSeed
  for (let at = 0; at < id.length; at += 1) hash = hashStep(hash, id.charCodeAt(at))
  return hashMix(hash)
}

const hashSeed = 0x811c9dc5

function hashStep(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193)
}

function hashMix(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35)
  return (second ^ (second >>> 16)) >>> 0
}
