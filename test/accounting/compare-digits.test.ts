import { describe, expect, test } from 'vitest'
import { isSameAnswer } from '../../src/accounting/compare-answers.js'
import { nothingPromised } from '../../src/accounting/rows/promise.js'

const line = (body: string, id = 'r'): Buffer =>
  Buffer.from(`{"id":"${id}","custom_id":"a","response":{"status_code":200,"body":${body}},"error":null}`)

const isSame = (first: string, second: string): boolean =>
  isSameAnswer(line(first), line(second, 's'), nothingPromised)

describe('isSameAnswer', () => {
  test.each([
    ['{"id":"x","n":1.0}', '{"n":1, "id":"y"}'],
    ['{"n":12345678901234567890}', '{"n":12345678901234567890 }'],
  ])('%s says what %s says', (first, second) => {
    expect(isSame(first, second)).toBe(true)
  })

  test.each([
    ['{"n":12345678901234567890}', '{"n":12345678901234567891}'],
    ['{"n":1e400}', '{"n":1e500}'],
    [
      '{"data":[{"embedding":[0.1,12345678901234567890]}]}',
      '{"data":[{"embedding":[0.1,12345678901234567000]}]}',
    ],
    ['{"n":1}', '{"n":2}'],
  ])('%s says something else than %s', (first, second) => {
    expect(isSame(first, second)).toBe(false)
  })

  test('lines that nest too deep are the same byte for byte or not at all', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    expect(isSame(deep, deep)).toBe(false)
    expect(isSameAnswer(line(deep), line(deep), nothingPromised)).toBe(true)
  })
})
