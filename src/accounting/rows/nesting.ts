/**
 * Far more than any answer nests, and far less than `JSON.stringify` and `isDeepStrictEqual` can walk: both recurse,
 * and throw a RangeError some thousands of levels down.
 */
export const maxNesting = 500

/** True for a JSON value that nests deeper than `maxNesting`. Never recurses further than that itself. */
export function isNestedTooDeep(value: unknown, levelsLeft = maxNesting): boolean {
  if (!isNest(value)) return false
  if (levelsLeft === 0) return true
  return Array.isArray(value) ? hasDeepItem(value, levelsLeft - 1) : hasDeepField(value, levelsLeft - 1)
}

const isNest = (value: unknown): value is object => typeof value === 'object' && value !== null

// Looked at before the call: a vector is a list of a thousand numbers, and a file has a million of those.
function hasDeepItem(items: readonly unknown[], levelsLeft: number): boolean {
  for (let at = 0; at < items.length; at += 1) {
    const item = items[at]
    if (typeof item === 'object' && item !== null && isNestedTooDeep(item, levelsLeft)) return true
  }
  return false
}

function hasDeepField(record: object, levelsLeft: number): boolean {
  for (const key in record) {
    const field = (record as Readonly<Record<string, unknown>>)[key]
    if (isNest(field) && isNestedTooDeep(field, levelsLeft)) return true
  }
  return false
}
