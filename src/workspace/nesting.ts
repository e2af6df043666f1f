/**
 * Lists and objects within each other that are still read. V8 parses any depth, but what comes after it recurses:
 * `JSON.stringify`, `isDeepStrictEqual`, schemas. Other readers give up at about the same depth (Python's `json` at
 * its recursion limit of 1,000).
 */
export const maxNesting = 1_000

/** True when the lists and objects of a parsed value stand within each other more than `maxNesting` deep. */
export function isNestedTooDeepValue(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; depth < maxNesting; depth += 1) {
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null ? Object.values(each).filter(isNest) : [],
    )
    if (level.length === 0) return false
  }
  return true
}

const isNest = (value: unknown): boolean => typeof value === 'object' && value !== null
