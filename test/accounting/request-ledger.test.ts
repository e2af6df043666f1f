import { describe, expect, test } from 'vitest'
import { RequestLedger } from '../../src/accounting/request-ledger.js'

const at = (line: number): { line: number; offset: number; length: number } => ({
  line,
  offset: line * 10,
  length: 9,
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
