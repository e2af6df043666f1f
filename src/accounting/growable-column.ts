type NumberArray = Uint8Array | Uint32Array | Float64Array

/**
 * Numbers by position from 0, in blocks: growing never copies, so memory never doubles for a moment. Unset is 0,
 * and a block of nothing but zeros takes no memory.
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
    block[position & blockMask] = value
  }

  #addBlock(number: number): NumberArray {
    while (this.#blocks.length < number) this.#blocks.push(undefined)
    const block = new this.#arrayType(1 << blockBits)
    this.#blocks[number] = block
    return block
  }
}

const blockBits = 12
const blockMask = (1 << blockBits) - 1
