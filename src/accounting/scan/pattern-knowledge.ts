/** How often all patterns were forgotten: their numbers are given out anew each time. */
let generation = 0

/** @see PatternKnowledge */
export function patternGeneration(): number {
  return generation
}

/** Says that the scanner has forgotten all patterns. */
export function beginPatternGeneration(): void {
  generation += 1
}

/** What is known of the rows of each pattern, by its number; nothing any more once the patterns were forgotten. */
export class PatternKnowledge<Known> {
  #generation = generation
  #known: (Known | undefined)[] = []

  of(pattern: number): Known | undefined {
    return pattern === 0 || this.#generation !== generation ? undefined : this.#known[pattern]
  }

  learn(pattern: number, known: Known): void {
    if (this.#generation !== generation) this.#known = []
    this.#generation = generation
    this.#known[pattern] = known
  }
}
