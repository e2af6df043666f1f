import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isNestedTooDeep } from '../../../src/accounting/json-text/nesting.js'
import { maxNesting } from '../../../src/workspace/nesting.js'
import { canonicalMembers, canonicalNumber } from '../../../src/accounting/requests/canonical-json.js'

const canonical = (json: string): string | undefined => canonicalMembers(`{"body":${json}}`)?.get('"body"')

describe('values that are the same', () => {
  test.each([
    ['white space', '{"a":1,"b":[2,3]}', ' { "a" : 1 ,\t"b" : [ 2 , 3 ] } '],
    ['the order of keys', '{"a":1,"b":2}', '{"b":2,"a":1}'],
    ['the order of keys, deep inside', '[{"x":{"a":1,"b":2}}]', '[{"x":{"b":2,"a":1}}]'],
    ['an escape', '"aé\\n"', '"\\u0061\\u00e9\\u000A"'],
    ['an escaped slash', '"a/b"', '"a\\/b"'],
    ['an escaped key', '{"a":1}', '{"\\u0061":1}'],
    ['a surrogate pair', '"😀"', '"\\ud83d\\ude00"'],
    ['a lone surrogate, in either case', '"\\ud800"', '"\\uD800"'],
    ['a string that ends with a backslash', '["\\\\","a"]', '["\\u005c","a"]'],
    ['an exponent', '100', '1e2'],
    ['an exponent with sign and case', '100', '1E+2'],
    ['a fraction of zeros', '100', '100.00'],
    ['a fraction', '0.5', '5e-1'],
    ['zero', '0', '0.000e7'],
    ['minus zero', '0', '-0'],
    ['twenty digits', '12345678901234567890', '1234567890123456789e1'],
    ['a repeated key: the last one wins', '{"a":2}', '{"a":1,"a":2}'],
    ['a repeated key in two spellings', '{"a":2}', '{"a":1,"\\u0061":2}'],
    ['an empty object', '{}', '{ }'],
    ['an empty array', '[]', '[ ]'],
  ])('%s', (_, left, right) => {
    expect(canonical(left)).toBeDefined()
    expect(canonical(right)).toBe(canonical(left))
  })
})

describe('values that are not the same', () => {
  test.each([
    ['integers above 2^53', '12345678901234567890', '12345678901234567891'],
    ['fractions a double cannot tell apart', '0.1', '0.10000000000000000001'],
    ['signs', '1', '-1'],
    ['powers', '1e2', '1e3'],
    ['powers beyond a double', '1e400', '1e401'],
    ['powers beyond anything', '1e99999999999999999998', '1e99999999999999999999'],
    ['a number and its text', '1', '"1"'],
    ['the order of an array', '[1,2]', '[2,1]'],
    ['nesting', '[[1],2]', '[[1,2]]'],
    ['null and nothing', '{"a":null}', '{}'],
    ['true and its text', 'true', '"true"'],
    ['surrogates', '"\\ud800"', '"\\ud801"'],
    ['composed and decomposed letters', '"é"', '"e\\u0301"'],
    ['a quote in a key', '{"a\\":1,\\"b":2}', '{"a":1,"b":2}'],
    ['an array and an object', '{}', '[]'],
  ])('%s', (_, left, right) => {
    expect(canonical(left)).not.toBe(canonical(right))
  })
})

test('numbers have one text each', () => {
  const texts = { '-0.00': '0', '1200': '12e2', '-1.50': '-15e-1', '7': '7', '0.001e3': '1', '10e-1': '1' }
  for (const [token, expected] of Object.entries(texts)) expect(canonicalNumber(token)).toBe(expected)
})

test('a number of a million zeros takes no time', () => {
  const digits = `1${'0'.repeat(1_000_000)}1`
  expect(canonicalNumber(digits)).toBe(digits)
  expect(canonicalNumber(`${digits}0`)).toBe(`${digits}e1`)
})

const anyObject = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 })

test('whatever JSON writes, in whatever order and spacing, is one text; and it is JSON of the same value', () => {
  fc.assert(
    fc.property(anyObject, fc.nat(3), (value, indent) => {
      const body = canonical(JSON.stringify(value))
      expect(canonical(JSON.stringify(reversed(value), null, indent))).toBe(body)
      expect(canonical(body ?? '')).toBe(body)
      expect(JSON.stringify(sorted(JSON.parse(body ?? '')))).toBe(JSON.stringify(sorted(value)))
    }),
  )
})

type Entry = [key: string, value: unknown]

/** The same value with the keys of every object in another order. */
function reordered(value: unknown, order: (entries: Entry[]) => Entry[]): unknown {
  if (Array.isArray(value)) return value.map((one) => reordered(one, order))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, one]): Entry => [key, reordered(one, order)])
  return Object.fromEntries(order(entries))
}

const reversed = (value: unknown): unknown => reordered(value, (entries) => entries.toReversed())

const sorted = (value: unknown): unknown =>
  reordered(value, (entries) => entries.toSorted(([left], [right]) => (left < right ? -1 : 1)))

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

describe('nesting', () => {
  test.each([
    ['the deepest that is sent', maxNesting - 1, false],
    ['one more', maxNesting, true],
    ['a hundred thousand', 100_000, true],
  ])('%s', (_, levels, isTooDeep) => {
    const text = `{"body":${nested(levels)}}`
    expect(canonicalMembers(text) === null).toBe(isTooDeep)
    expect(isNestedTooDeep(text)).toBe(isTooDeep)
  })
})
