export interface BackoffLimits {
  readonly backoffBaseMs: number
  readonly backoffCapMs: number
}

/** XState hands delays to `setTimeout`, which fires at once above 2^31-1 ms. */
export const longestDelayMs = 2 ** 31 - 1

/**
 * Exponential backoff with jitter: `base * 2^(failures-1)`, capped, of which the last half is spread by `jitter`.
 * A longer wait that the server asked for wins, because coming back early only earns another refusal.
 * @param failures passing failures in a row, from 1
 * @param jitter in [0, 1)
 */
export function backoffDelayMs(
  failures: number,
  jitter: number,
  limits: BackoffLimits,
  retryAfterMs: number = 0,
): number {
  const exponentialMs = Math.min(limits.backoffBaseMs * 2 ** Math.max(0, failures - 1), limits.backoffCapMs)
  const spreadMs = exponentialMs * (0.5 + jitter / 2)
  return Math.min(Math.max(spreadMs, retryAfterMs), longestDelayMs)
}

/**
 * A number in [0, 1) that depends only on its arguments: machines hold no randomness, yet a thousand triples
 * must not come back in the same second (mulberry32 over the seed and the count).
 */
export function jitterOf(seed: number, failures: number): number {
  let state = (seed + Math.imul(failures + 1, 0x6d2b79f5)) >>> 0
  state = Math.imul(state ^ (state >>> 15), state | 1)
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61)
  return ((state ^ (state >>> 14)) >>> 0) / 4_294_967_296
}

/** A seed from a text, so that each triple jitters in its own way (FNV-1a). */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5
  for (let position = 0; position < text.length; position += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(position), 0x01000193)
  }
  return hash >>> 0
}
