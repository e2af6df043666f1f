import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IdTable } from '../../src/accounting/id-table.js'
import { RequestLedger } from '../../src/accounting/request-ledger.js'

const at = (line: number): { line: number; offset: number; length: number } => ({
  line,
  offset: line * 10,
  length: 9,
})

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
})

describe('the request ledger', () => {
  test('knows where each request stands, in the order of the input', () => {
    const ledger = new RequestLedger()
    expect(ledger.addRequest('b', at(1))).toBe(null)
    expect(ledger.addRequest('a', { line: 2, offset: 2 ** 40, length: 4_000_000_000 })).toBe(null)
    expect(ledger.size).toBe(2)
    expect(ledger.ordinalOf('a')).toBe(1)
    expect(ledger.idAt(0)).toBe('b')
    expect(ledger.inputAt(1)).toEqual({ line: 2, offset: 2 ** 40, length: 4_000_000_000 })
  })

  test('names the earlier request when an id comes again, and keeps its place', () => {
    const ledger = new RequestLedger()
    ledger.addRequest('a', at(1))
    expect(ledger.addRequest('a', at(2))).toBe(0)
    expect(ledger.size).toBe(1)
    expect(ledger.inputAt(0)).toEqual(at(1))
  })

  test('lists the requests without an answer', () => {
    const ledger = new RequestLedger()
    for (const [line, id] of ['a', 'b', 'c'].entries()) ledger.addRequest(id, at(line + 1))
    ledger.setAnswer(1, { ...at(5), file: 'error', class: 'transient', isOpaque: false })
    expect([...ledger.missing()].map((ordinal) => ledger.idAt(ordinal))).toEqual(['a', 'c'])
  })

  test('a new winner replaces the old one and forgets nothing that was seen', () => {
    const ledger = new RequestLedger()
    ledger.addRequest('a', at(1))
    expect(ledger.answerAt(0)).toBe(null)
    ledger.setAnswer(0, { ...at(3), file: 'output', class: 'transient', isOpaque: false })
    ledger.markConflicting(0)
    ledger.setAnswer(0, { ...at(4), file: 'error', class: 'success', isOpaque: false })
    expect(ledger.answerAt(0)).toEqual({ ...at(4), file: 'error', class: 'success', isOpaque: false })
    expect(ledger.flagsAt(0)).toEqual({ isInOutput: true, isInError: true, isConflicting: true })
  })

  test('refuses more requests than the limit and names the line', () => {
    const ledger = new RequestLedger({ maxRequests: 2 })
    ledger.addRequest('a', at(1))
    ledger.addRequest('b', at(2))
    ledger.addRequest('a', at(3))
    expect(() => ledger.addRequest('c', at(4))).toThrow(
      expect.objectContaining({ code: 'TooManyRequests', message: expect.stringContaining('line 4') }),
    )
  })
})
