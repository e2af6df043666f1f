import { array, assert, nat, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { layOutSpans } from '../../../src/inspect/page/lay-out-spans.js'

describe('spans on a bar', () => {
  test('stand to scale', () => {
    const places = layOutSpans(
      [
        { fromMs: 0, toMs: 50 },
        { fromMs: 50, toMs: 75 },
      ],
      0,
      100,
    )
    expect(places).toEqual([
      { start: 0, length: 0.5 },
      { start: 0.5, length: 0.25 },
    ])
  })

  test('are all seen, in their order and within the bar, however short they are', () => {
    assert(
      property(array(nat({ max: 10_000 }), { minLength: 1, maxLength: 60 }), (times) => {
        const sorted = times.toSorted((one, other) => one - other)
        const stretches = sorted.map((fromMs, at) => ({ fromMs, toMs: sorted[at + 1] ?? 10_000 }))
        const places = layOutSpans(stretches, 0, 10_000)
        let end = 0
        for (const { start, length } of places) {
          expect(start).toBeGreaterThanOrEqual(end - 1e-9)
          expect(length).toBeGreaterThan(0.004)
          end = start + length
        }
        expect(end).toBeLessThanOrEqual(1 + 1e-9)
      }),
    )
  })
})
