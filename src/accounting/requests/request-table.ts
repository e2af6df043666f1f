import { GrowableColumn } from '../growable-column.js'
import { identityWords, requestHashAt } from './request-identity.js'

/**
 * Numbers each distinct request from 0, and finds it by its identity; or by its `custom_id` alone the first request
 * that has it. About 45 bytes a request: 24 of the identity, and two open hash tables of 32-bit slots. The identities are
 * hashes already, so their words are the places.
 */
export class RequestTable {
  readonly #words = new GrowableColumn(Uint32Array)
  /** Number of the request plus 1; 0 is a free slot. The sizes are powers of two, at most half is taken. */
  #requestSlots = new Uint32Array(smallestSlots)
  #idSlots = new Uint32Array(smallestSlots)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The number of the request whose identity stands in `words` from `at` on; a new one when `size` grew. */
  add(words: Uint32Array, at: number): number {
    const slot = this.#requestSlot(words, at)
    const known = this.#requestSlots[slot] ?? 0
    if (known !== 0) return known - 1
    const ordinal = this.#size
    for (let word = 0; word < identityWords; word += 1) {
      this.#words.set(ordinal * identityWords + word, words[at + word] ?? 0)
    }
    this.#requestSlots[slot] = ordinal + 1
    const idSlot = this.#idSlot(words, at)
    if (this.#idSlots[idSlot] === 0) this.#idSlots[idSlot] = ordinal + 1
    this.#size += 1
    if (this.#size * 2 > this.#requestSlots.length) this.#grow()
    return ordinal
  }

  /** The request's number, or -1. */
  find(words: Uint32Array, at: number): number {
    return (this.#requestSlots[this.#requestSlot(words, at)] ?? 0) - 1
  }

  /** The number of the first request with the same `custom_id`, or -1. Only the hash of the id is looked at. */
  findId(words: Uint32Array, at: number): number {
    return (this.#idSlots[this.#idSlot(words, at)] ?? 0) - 1
  }

  /** The number of the first request that has the same `custom_id` as this one, which may be itself. */
  firstOfId(ordinal: number): number {
    const words = Uint32Array.of(this.word(ordinal, 0), this.word(ordinal, 1))
    return this.findId(words, 0)
  }

  /** One of the words of an identity. */
  word(ordinal: number, word: number): number {
    return this.#words.get(ordinal * identityWords + word)
  }

  #requestSlot(words: Uint32Array, at: number): number {
    return this.#slot(this.#requestSlots, words, at + requestHashAt, requestHashAt, identityWords)
  }

  #idSlot(words: Uint32Array, at: number): number {
    return this.#slot(this.#idSlots, words, at, 0, requestHashAt)
  }

  /** Where the words `first` up to, not with, `end` of an identity stand or would stand. */
  #slot(slots: Uint32Array, words: Uint32Array, at: number, first: number, end: number): number {
    const mask = slots.length - 1
    let slot = (words[at] ?? 0) & mask
    for (let taken = slots[slot] ?? 0; taken !== 0; taken = slots[slot] ?? 0) {
      if (this.#hasWords(taken - 1, words, at, first, end)) break
      slot = (slot + 1) & mask
    }
    return slot
  }

  #hasWords(ordinal: number, words: Uint32Array, at: number, first: number, end: number): boolean {
    for (let word = first; word < end; word += 1) {
      if (this.word(ordinal, word) !== words[at + word - first]) return false
    }
    return true
  }

  #grow(): void {
    const length = this.#requestSlots.length * 2
    const idHeads = this.#idSlots.filter((taken) => taken !== 0)
    this.#requestSlots = new Uint32Array(length)
    this.#idSlots = new Uint32Array(length)
    for (let ordinal = 0; ordinal < this.#size; ordinal += 1) {
      this.#place(this.#requestSlots, this.word(ordinal, requestHashAt), ordinal + 1)
    }
    for (const taken of idHeads) this.#place(this.#idSlots, this.word(taken - 1, 0), taken)
  }

  #place(slots: Uint32Array, hash: number, taken: number): void {
    let slot = hash & (slots.length - 1)
    while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
    slots[slot] = taken
  }
}

const smallestSlots = 1024
