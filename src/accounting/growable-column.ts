type NumberArray = Uint8Array | Uint32Array | Float64Array

/**
 * Numbers by position from 0, in blocks: growing copies no more than the first one, so memory never doubles for a
 * moment. Unset is 0, and a block of nothing but zeros takes no memory. The first block begins small, as most triples
 * are, of which thousands follow each other.
 */
export class GrowableColumn {
  readonly #arrayType: new (length: number) => NumberArray
  readonly #blocks: (NumberArray | undefined)[] = []

  constructor(arrayType: new (length: number) => NumberArray) {
    this.#arrayType = arrayType
  }

  get(position: number): number {
    return this.#blocks[position >>> blockBits]?.[position & blockMask] ?? 0
  }

  set(position: number, value: number): void {
    const number = position >>> blockBits
    let block = this.#blocks[number]
    if (block === undefined) {
      if (value === 0) return
      block = this.#addBlock(number)
    }
    const place = position & blockMask
    if (place >= block.length) {
      if (value === 0) return
      block = this.#enlargeFirst(block, place)
    }
    block[place] = value
  }

  #addBlock(number: number): NumberArray {
    while (this.#blocks.length < number) this.#blocks.push(undefined)
    const block = new this.#arrayType(number === 0 ? firstLength : blockLength)
    this.#blocks[number] = block
    return block
  }

  #enlargeFirst(block: NumberArray, place: number): NumberArray {
    let length = block.length
    while (length <= place) length *= 4
    const larger = new this.#arrayType(length)
    larger.set(block)
    this.#blocks[0] = larger
    return larger
  }
}

const blockBits = 12
const blockLength = 1 << blockBits
const blockMask = blockLength - 1

/** Times a power of four it is a whole block. */
const firstLength = 64
