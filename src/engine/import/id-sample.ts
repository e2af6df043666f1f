import { hashOfBytes } from '../../accounting/id-hash.js'

/** How many ids are kept: of a file of which one id in twenty is strange, 27 samples in 28 show it. */
const mostKept = 64

/**
 * The ids of a file whose hashes are smallest: the same ones in whatever order they come, and however often. They are
 * looked up among all ids of an input. Two samples would not do: ten failures share none with the sample of 50,000
 * requests.
 */
export class IdSample {
  readonly #hashes = new Map<string, number>()
  /** Hashes above this are not among the smallest. */
  #limit = Infinity

  add(id: string): void {
    const bytes = Buffer.from(id, id.isWellFormed() ? 'utf8' : 'utf16le')
    const hash = hashOfBytes(bytes, 0, bytes.length)
    if (hash <= this.#limit) this.#hashes.set(id, hash)
    if (this.#hashes.size >= mostKept * 2) this.#cut()
  }

  ids(): readonly string[] {
    if (this.#hashes.size > mostKept) this.#cut()
    return [...this.#hashes.keys()]
  }

  #cut(): void {
    const smallest = [...this.#hashes].toSorted(([, left], [, right]) => left - right).slice(0, mostKept)
    this.#limit = smallest.at(-1)?.[1] ?? Infinity
    this.#hashes.clear()
    for (const [id, hash] of smallest) this.#hashes.set(id, hash)
  }
}
