import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { GrowableColumn } from '../../src/accounting/growable-column.js'

const position = fc.oneof(
  fc.nat(20_000),
  fc.constantFrom(0, 63, 64, 255, 256, 1_023, 1_024, 4_095, 4_096, 4_159),
)

test('gives back the number last set at each position, and 0 where none was', () => {
  expect.hasAssertions()
  fc.assert(
    fc.property(fc.array(fc.tuple(position, fc.nat(255)), { maxLength: 200 }), position, (sets, other) => {
      const column = new GrowableColumn(Uint8Array)
      const wanted = new Map<number, number>()
      for (const [at, value] of sets) {
        column.set(at, value)
        wanted.set(at, value)
        expect(column.get(other)).toBe(wanted.get(other) ?? 0)
      }
      for (const [at, value] of wanted) expect(column.get(at)).toBe(value)
    }),
  )
})
