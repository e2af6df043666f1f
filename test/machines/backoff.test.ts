import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffDelayMs, jitterOf, longestDelayMs, seedOf } from '../../machines/index.js'

const limits = { backoffBaseMs: 1_000, backoffCapMs: 300_000 }

describe('the backoff delay', () => {
  test.each([
    [1, 0, 500],
    [1, 1, 1_000],
    [2, 0, 1_000],
    [5, 1, 16_000],
    [9, 1, 256_000],
    [10, 1, 300_000],
    [5_000, 1, 300_000],
  ])('after %i failures with jitter %d is %d ms', (failures, jitter, delayMs) => {
    expect(backoffDelayMs(failures, jitter, limits)).toBe(delayMs)
  })

  test('lies within the limits, and never comes before the server allows', () => {
    const cases = fc.tuple(
      fc.nat({ max: 5_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.double({ min: 0, max: 1e15, noNaN: true }),
    )
    fc.assert(
      fc.property(cases, ([failures, jitter, retryAfterMs]) => {
        const delayMs = backoffDelayMs(failures, jitter, limits, retryAfterMs)
        expect(delayMs).toBeGreaterThanOrEqual(Math.min(retryAfterMs, longestDelayMs))
        expect(delayMs).toBeGreaterThanOrEqual(limits.backoffBaseMs / 2)
        expect(delayMs).toBeLessThanOrEqual(
          Math.max(limits.backoffCapMs, Math.min(retryAfterMs, longestDelayMs)),
        )
      }),
    )
  })
})

describe('the jitter', () => {
  test('lies in [0, 1), depends on its arguments alone and spreads', () => {
    const values = Array.from({ length: 2_000 }, (_, at) => jitterOf(seedOf(String(at)), 1))
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...values)).toBeLessThan(1)
    expect(new Set(values).size).toBeGreaterThan(1_990)
    expect(values.filter((value) => value < 0.5).length / values.length).toBeCloseTo(0.5, 1)
    expect(jitterOf(seedOf('7'), 3)).toBe(jitterOf(seedOf('7'), 3))
  })

  test('differs from one failure to the next', () => {
    const values = Array.from({ length: 50 }, (_, failures) => jitterOf(seedOf('7'), failures))
    expect(new Set(values).size).toBe(50)
  })
})
