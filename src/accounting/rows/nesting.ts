/**
 * Far more than any answer nests, and far less than `JSON.stringify` and `isDeepStrictEqual` can walk: both recurse,
 * and throw a RangeError some thousands of levels down.
 */
export const maxNesting = 500

/** True for a JSON value that nests deeper than `maxNesting`. Never recurses further than that itself. */
export function isNestedTooDeep(value: unknown, levelsLeft = maxNesting): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levelsLeft === 0) return true
  if (Array.isArray(value)) return value.some((item) => isNestedTooDeep(item, levelsLeft - 1))
  return hasDeepField(value as Readonly<Record<string, unknown>>, levelsLeft - 1)
}

function hasDeepField(record: Readonly<Record<string, unknown>>, levelsLeft: number): boolean {
  for (const key in record) if (isNestedTooDeep(record[key], levelsLeft)) return true
  return false
}
