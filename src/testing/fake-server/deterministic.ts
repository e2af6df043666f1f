import { createHash } from 'node:crypto'

/** Letters and digits that follow from the seed and the parts alone: equal runs get equal ids. */
export function digest(seed: number, parts: readonly (string | number)[], length: number): string {
  return createHash('sha256')
    .update(JSON.stringify([seed, ...parts]))
    .digest('hex')
    .slice(0, length)
}

/** The same items in an order that follows from the seed (Fisher–Yates over a 32-bit xorshift). */
export function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const result = [...items]
  let state = (seed ^ 0x9e3779b9) | 1
  for (let last = result.length - 1; last > 0; last--) {
    state = nextState(state)
    const other = (state >>> 0) % (last + 1)
    const kept = result[last] as Item
    result[last] = result[other] as Item
    result[other] = kept
  }
  return result
}

function nextState(state: number): number {
  let next = state ^ (state << 13)
  next ^= next >>> 17
  return next ^ (next << 5)
}
