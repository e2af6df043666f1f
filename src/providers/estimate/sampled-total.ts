/** A sum of which only a part was counted. */
export interface EstimatedTokens {
  readonly tokens: number
  /** 19 times in 20 the sum is no further away than this; 0 where all was counted. */
  readonly error: number
}

/** For one answer in twenty to be further away. */
const deviations = 1.96

/**
 * Adds up the tokens of texts of which some are counted and of the rest only the length is known: tokens follow length,
 * so that the ratio of what was counted holds for the rest. The error follows from how far single texts are off it.
 *
 * Source: Cochran, "Sampling Techniques", chapter 6 (ratio estimators).
 */
export class SampledTotal {
  #counted = 0
  #uncounted = 0
  #uncountedLength = 0
  #length = 0
  #tokens = 0
  #lengthSquares = 0
  #tokenSquares = 0
  #products = 0

  addCounted(length: number, tokens: number): void {
    this.#counted += 1
    this.#length += length
    this.#tokens += tokens
    this.#lengthSquares += length * length
    this.#tokenSquares += tokens * tokens
    this.#products += length * tokens
  }

  addUncounted(length: number): void {
    this.#uncounted += 1
    this.#uncountedLength += length
  }

  get counted(): number {
    return this.#counted
  }

  get total(): EstimatedTokens {
    if (this.#uncountedLength === 0) return { tokens: this.#tokens, error: 0 }
    // Texts without a character have no tokens; where all that was counted is empty, a token a character is the most.
    const ratio = this.#length === 0 ? 1 : this.#tokens / this.#length
    const rest = ratio * this.#uncountedLength
    const error = Math.min(this.#length === 0 ? rest : this.#errorOf(ratio), rest)
    return { tokens: Math.round(this.#tokens + rest), error: Math.ceil(error) }
  }

  /** Of the ratio, for all of the rest; and of each text of the rest by itself. */
  #errorOf(ratio: number): number {
    const squares = this.#tokenSquares - 2 * ratio * this.#products + ratio * ratio * this.#lengthSquares
    const variance = Math.max(0, squares) / Math.max(1, this.#counted - 1)
    const share = this.#uncountedLength / this.#length
    return deviations * Math.sqrt(variance * (share * share * this.#counted + this.#uncounted))
  }
}
