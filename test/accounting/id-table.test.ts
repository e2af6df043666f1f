import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IdTable } from '../../src/accounting/id-table.js'

describe('the id table', () => {
  test('agrees with a Map for any ids, lone surrogates and two-byte characters included', () => {
    const unit = fc.oneof(
      fc.constantFrom('a', 'b', '\0', 'ÿ', 'Ā', '\ud800', '\udc00', '漢', '😀'),
      fc.string({ unit: 'binary', maxLength: 2 }),
    )
    const id = fc.array(unit, { minLength: 1, maxLength: 6 }).map((units) => units.join(''))
    fc.assert(
      fc.property(fc.array(id, { maxLength: 200 }), (ids) => {
        const table = new IdTable()
        const model = new Map<string, number>()
        for (const each of ids) {
          expect(table.find(each)).toBe(model.get(each) ?? -1)
          if (!model.has(each)) model.set(each, model.size)
          expect(table.add(each)).toBe(model.get(each))
        }
        expect(table.size).toBe(model.size)
        for (const [each, ordinal] of model) expect(table.at(ordinal)).toBe(each)
      }),
    )
  })

  test('keeps a hundred thousand ids apart while it grows', () => {
    const table = new IdTable()
    for (let number = 0; number < 100_000; number += 1) table.add(`request-${number}`)
    expect(table.size).toBe(100_000)
    for (let number = 0; number < 100_000; number += 97) {
      expect(table.find(`request-${number}`)).toBe(number)
      expect(table.at(number)).toBe(`request-${number}`)
    }
    expect(table.find('request-100000')).toBe(-1)
  })

  test('takes ids of the greatest length, wide ones too', () => {
    const table = new IdTable()
    const ids = Array.from({ length: 20 }, (_, number) =>
      `${number}`.padEnd(32_767, number % 2 === 0 ? 'x' : '漢'),
    )
    for (const id of ids) table.add(id)
    for (const [ordinal, id] of ids.entries()) {
      expect(table.at(ordinal) === id).toBe(true)
      expect(table.find(id)).toBe(ordinal)
    }
  })

  test.each([
    ['one byte a character', (number: number) => `request-${number}-ÿ`],
    ['two bytes a character', (number: number) => `請求-${number}`],
    ['half a character', (number: number) => `\ud800${number}`],
    ['now the one, now the other', (number: number) => (number % 2 === 0 ? `é${number}` : `Ā${number}`)],
  ])('finds ids of %s again after it grew, and takes none of them twice', (_, idOf) => {
    const table = new IdTable()
    // The slots double at 768, 1,536 and 3,072 ids.
    for (let number = 0; number < 4_000; number += 1) table.add(idOf(number))
    for (let number = 0; number < 4_000; number += 1) {
      expect(table.find(idOf(number))).toBe(number)
      expect(table.add(idOf(number))).toBe(number)
    }
    expect(table.size).toBe(4_000)
    expect(table.find(idOf(4_000))).toBe(-1)
  })
})
