import { GrowableColumn } from './growable-column.js'
import type { LinePosition } from './line-position.js'

/**
 * Line positions by ordinal. Offsets are split into 32-bit halves, since the upper one stays zero, and so costs
 * nothing, in every file below 4 GiB.
 */
export class PositionColumns {
  readonly #lines = new GrowableColumn(Uint32Array)
  readonly #lowOffsets = new GrowableColumn(Uint32Array)
  readonly #highOffsets = new GrowableColumn(Uint32Array)
  readonly #lengths = new GrowableColumn(Uint32Array)

  get(ordinal: number): LinePosition {
    return {
      line: this.#lines.get(ordinal),
      offset: this.offsetOf(ordinal),
      length: this.#lengths.get(ordinal),
    }
  }

  offsetOf(ordinal: number): number {
    return this.#highOffsets.get(ordinal) * half + this.#lowOffsets.get(ordinal)
  }

  set(ordinal: number, line: number, offset: number, length: number): void {
    this.#lines.set(ordinal, line)
    this.#lowOffsets.set(ordinal, offset % half)
    this.#highOffsets.set(ordinal, Math.floor(offset / half))
    this.#lengths.set(ordinal, length)
  }
}

const half = 2 ** 32
