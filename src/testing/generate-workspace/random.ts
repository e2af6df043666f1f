/** Numbers that look random and follow from a seed: the same seed gives the same workspace, byte for byte. */
export interface Random {
  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number
  pick<Item>(items: readonly Item[]): Item
}

/** Starts a sequence (mulberry32, public domain). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
  const pick = <Item>(items: readonly Item[]): Item => {
    if (items.length === 0) throw new Error('There is nothing to pick from.')
    return items[below(items.length)] as Item
  }
  return { below, pick }
}
