type NumberArray = Uint8Array | Uint32Array | Float64Array

/** Numbers by position from 0, in blocks: growing never copies, so memory never doubles for a moment. Unset is 0. */
export class GrowableColumn {
  readonly #arrayType: new (length: number) => NumberArray
  readonly #blocks: NumberArray[] = []

  constructor(arrayType: new (length: number) => NumberArray) {
    this.#arrayType = arrayType
  }

  get(position: number): number {
    return this.#blocks[position >>> blockBits]?.[position & blockMask] ?? 0
  }

  set(position: number, value: number): void {
    const block = this.#blocks[position >>> blockBits] ?? this.#addBlocks(position >>> blockBits)
    block[position & blockMask] = value
  }

  #addBlocks(last: number): NumberArray {
    while (this.#blocks.length <= last) this.#blocks.push(new this.#arrayType(1 << blockBits))
    const block = this.#blocks[last]
    if (block === undefined) throw new RangeError(`Column has no block ${last}.`)
    return block
  }
}

const blockBits = 12
const blockMask = (1 << blockBits) - 1
