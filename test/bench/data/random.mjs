/**
 * Numbers that look like chance and are the same in every run (mulberry32).
 *
 * @param {number} seed
 */
export function createRandom(seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    /** A whole number from 0 up to `limit`, which is left out. */
    below: (limit) => Math.floor((next() / 2 ** 32) * limit),
    /** A number from 0 up to 1, which is left out. */
    share: () => next() / 2 ** 32,
  }
}

/**
 * The numbers from 0 to `count`, in an order as a server that works on many requests at a time gives its answers: each
 * stands within a few thousand places of where it was asked for.
 */
export function* nearlyInOrder(count, random) {
  const windowSize = 4096
  for (let start = 0; start < count; start += windowSize) {
    yield* shuffled(start, Math.min(count, start + windowSize), random)
  }
}

function shuffled(start, end, random) {
  const numbers = Uint32Array.from({ length: end - start }, (_, at) => start + at)
  for (let at = numbers.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1)
    const kept = numbers[at]
    numbers[at] = numbers[other]
    numbers[other] = kept
  }
  return numbers
}
