/**
 * The name that was probably meant: the one the fewest edits away, when they are few, or one that holds what was
 * given as `retry` is in `shouldRetry`; `null` when none comes close. Case, `_` and `-` do not count.
 */
export function nearestName(given: string, names: readonly string[]): string | null {
  const plain = plainOf(given.slice(0, longestName))
  const ranked = names
    .map((name) => ({ name, edits: editsFor(plain, plainOf(name)) }))
    .filter(({ edits }) => edits !== null)
    .toSorted((left, right) => (left.edits ?? 0) - (right.edits ?? 0))
  return ranked[0]?.name ?? null
}

/** Nobody misspells by more; the distance takes the product of both lengths. */
const longestName = 100

const plainOf = (name: string): string => name.toLowerCase().replaceAll(/[_-]/g, '')

/** Edits beyond a third of the letters are another word. */
function editsFor(given: string, name: string): number | null {
  const edits = editDistance(given, name)
  const isPart = given.length >= 4 && (name.includes(given) || given.includes(name))
  return isPart || edits <= Math.ceil(Math.max(given.length, name.length) / 3) ? edits : null
}

/** Insertions, deletions, substitutions, and swaps of neighbours (optimal string alignment). */
function editDistance(left: string, right: string): number {
  let before: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row += 1) {
    const next = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const isSame = left[row - 1] === right[column - 1]
      const isSwap = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      next[column] = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwap ? (before[column - 2] ?? 0) + 1 : Infinity,
      )
    }
    before = last
    last = next
  }
  return last[right.length] ?? 0
}
