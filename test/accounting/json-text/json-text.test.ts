import * as fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { compactJson } from '../../../src/accounting/json-text/compact-json.js'
import { findExactTexts } from '../../../src/accounting/json-text/exact-texts.js'
import { exactJson } from '../../../src/accounting/json-text/exact-json.js'
import { isNestedTooDeep } from '../../../src/accounting/json-text/nesting.js'
import { maxNesting } from '../../../src/workspace/nesting.js'
import { spliceOutput } from '../../../src/accounting/json-text/splice-output.js'
import { findMember } from '../../../src/accounting/json-text/top-level-member.js'
import { walkJson } from '../../../src/accounting/json-text/walk-json.js'
import { compacted, jsonText } from './arbitrary-json.js'

const runs = { numRuns: 2_000 }

/** Every list and object of a parsed value. */
function containersIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(containersIn)]
}

describe('compactJson', () => {
  test('leaves out white space outside of strings and nothing else', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(compactJson(text)).toBe(compacted(text))
      }),
      runs,
    )
  })

  test.each([
    ['{ "a" : [ 1.0 , "b c" ] }', '{"a":[1.0,"b c"]}'],
    ['[ 1 ,\n2\t,\r3 ]', '[1,2,3]'],
    [String.raw` "\\" `, String.raw`"\\"`],
    [String.raw`["\\\" ]", 1 ]`, String.raw`["\\\" ]",1]`],
    [' 1.0 ', '1.0'],
    ['"\u2028"', '"\u2028"'],
  ])('%j', (text, compact) => expect(compactJson(text)).toBe(compact))

  test('is quick on 3 MB of pretty-printed text', () => {
    const text = `[\n${'  { "a": 1.0 },\n'.repeat(200_000)}  2 ]`
    expect(compactJson(text).length).toBe(1 + '{"a":1.0},'.length * 200_000 + 2)
  })
})

describe('walkJson', () => {
  test('says of each part where it stands: the text there, parsed, is that part', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const root: unknown = JSON.parse(text)
        const told = new Map<object, unknown>()
        const scalars = new Map<object, Map<string | number, unknown>>()
        const read = (start: number, end: number): unknown => JSON.parse(text.slice(start, end))
        walkJson(text, root, {
          isWorthALook: () => true,
          container: (value, start, end) => told.set(value, read(start, end)),
          scalar(parent, key, start, end) {
            scalars.set(parent, (scalars.get(parent) ?? new Map()).set(key, read(start, end)))
          },
        })
        for (const container of containersIn(root)) {
          expect(isDeepStrictEqual(told.get(container), container)).toBe(true)
          for (const [key, value] of Object.entries(container)) {
            if (typeof value === 'object' && value !== null) continue
            const name = Array.isArray(container) ? Number(key) : key
            expect(scalars.get(container)?.get(name)).toBe(value)
          }
        }
      }),
      runs,
    )
  })
})

describe('findExactTexts', () => {
  test('gives each list and object as it stands in the text, alone or beside others', () => {
    fc.assert(
      fc.property(jsonText, fc.nat(), (text, seed) => {
        const value: unknown = JSON.parse(text)
        const containers = containersIn(value)
        const wanted = containers.filter((_, at) => (seed >> (at % 30)) % 2 === 0)
        const exactText = findExactTexts({ text, value }, wanted)
        for (const part of wanted) {
          expect(isDeepStrictEqual(JSON.parse(exactText(part)), part)).toBe(true)
          expect(compacted(text)).toContain(exactText(part))
        }
        if (wanted.includes(containers[0] ?? {})) expect(exactText(containers[0])).toBe(compacted(text))
      }),
      runs,
    )
  })

  test('puts a list of parts together of their texts, and writes what is not from the text', () => {
    const text = '{"a": {"n": 1.0}, "b": [2.50], "c": 3}'
    const value = JSON.parse(text)
    const list = [value.b, value.a, 'x', null]
    expect(findExactTexts({ text, value }, [list])(list)).toBe('[[2.50],{"n":1.0},"x",null]')
    expect(findExactTexts(null, [value.b])(value.b)).toBe('[2.5]')
  })

  test('takes the last of equal keys, at any depth', () => {
    const text = '{"a":{"b":{"n":1.0},"c":{}},"a":[{"b":1}],"a":{"b":{"n":1.00}}}'
    const value = JSON.parse(text)
    expect(findExactTexts({ text, value }, [value.a.b])(value.a.b)).toBe('{"n":1.00}')
  })
})

const hasInexactNumber = (json: string): boolean => exactJson(json, JSON.parse(json)).hasInexactNumbers

describe('numbers that a double does not give back', () => {
  test.each([
    '12345678901234567890',
    '9007199254740993',
    '-9007199254740993',
    '1e400',
    '-1e400',
    '1e-400',
    '0.1000000000000000055',
    '1.00000000000000000001',
    '123456789012345678',
    '4.9406564584124655e-324',
  ])('is true of %s', (number) => {
    for (const json of [number, `[1,${number}]`, `{"a":{"b":${number}}}`])
      expect(hasInexactNumber(json)).toBe(true)
  })

  test.each([
    '0',
    '-0',
    '-0.0',
    '0e999999',
    '1.0',
    '0.10',
    '1E5',
    '1e+22',
    '9007199254740991',
    '9007199254740994',
    '18446744073709551616',
    '1.8446744073709551616E19',
    '0.1',
    '100000000000000000000000',
    '0.1000000000000000055511151231257827021181583404541015625',
    '1.7976931348623157e308',
    '5e-324',
    '0.000001234500',
    '"12345678901234567890"',
    String.raw`"\"12345678901234567890"`,
    'true',
  ])('is false of %s', (number) => {
    for (const json of [number, `[1.0,${number}]`, `{"a":{"b":[${number},1.0]}}`])
      expect(hasInexactNumber(json)).toBe(false)
  })

  test('agrees with exact arithmetic', () => {
    const digits = fc.tuple(
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
      fc.integer({ min: -30, max: 30 }),
    )
    fc.assert(
      fc.property(digits, ([mantissa, exponent]) => {
        const text = `${mantissa}e${exponent}`
        const held = Number(text)
        const shortest = /^(-?\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(held.toString())
        const [, whole = '', fraction = '', power = '0'] = shortest ?? []
        const given = scaled(BigInt(whole + fraction), Number(power) - fraction.length)
        const isGivenBack = scaled(mantissa, exponent) === given || isExactly(held, mantissa, exponent)
        expect(hasInexactNumber(text)).toBe(!isGivenBack)
      }),
      runs,
    )
  })

  test('is quick on a number of a million digits', () => {
    for (const number of [
      '1'.repeat(1_000_000),
      `0.${'0'.repeat(1_000_000)}1`,
      `1${'0'.repeat(300)}.${'0'.repeat(1_000_000)}`,
    ])
      expect(hasInexactNumber(number)).toBe(!number.startsWith('10'))
  })
})

const unit = 60

/** `mantissa × 10^exponent` in units of 10^-60. */
const scaled = (mantissa: bigint, exponent: number): bigint => mantissa * 10n ** BigInt(exponent + unit)

/** A double is a whole number of some power of two, and times two is exact. */
function isExactly(held: number, mantissa: bigint, exponent: number): boolean {
  let [whole, power] = [held, 0]
  for (; !Number.isInteger(whole); whole *= 2) power += 1
  return scaled(BigInt(whole), 0) === scaled(mantissa, exponent) * 2n ** BigInt(power)
}

const nested = (depth: number): string => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`

describe('isNestedTooDeep', () => {
  test('counts lists and objects within each other', () => {
    expect(
      [maxNesting - 2, maxNesting, maxNesting + 2, 100_000].map((depth) => isNestedTooDeep(nested(depth))),
    ).toEqual([false, false, true, true])
  })

  test('ends on any text whatever', () => {
    const scraps = fc.array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', ' ', '1', 'a'))
    fc.assert(
      fc.property(scraps, (parts) => {
        const text = parts.join('').repeat(1_500)
        isNestedTooDeep(text)
        expect(compactJson(text).length).toBeLessThanOrEqual(text.length)
      }),
    )
  })

  test('counts neither those beside each other nor brackets in strings', () => {
    expect(isNestedTooDeep(`[${'[],{},'.repeat(5_000)}1]`)).toBe(false)
    expect(isNestedTooDeep(JSON.stringify('['.repeat(5_000)))).toBe(false)
  })
})

const spliced = (text: string, change: (value: never) => unknown): string =>
  spliceOutput(text, JSON.parse(text), change(JSON.parse(text) as never))

// `JSON.stringify` writes infinity as null and -0 as 0; text that was left alone keeps both.
const hasOddNumber = (text: string): boolean => /-0|[eE]\+?\d{3}/.test(text)

describe('spliceOutput', () => {
  test('keeps the digits of what a schema left in its place, and writes what it changed', () => {
    const text = '{"id":12345678901234567890,"extra":1,"list":[1.0,{"x":1E5}],"n":"7"}'
    expect(
      spliced(text, ({ id, list, n }: { id: number; list: unknown; n: string }) => ({
        n: Number(n),
        list,
        id,
      })),
    ).toBe('{"n":7,"list":[1.0,{"x":1E5}],"id":12345678901234567890}')
  })

  test.each([
    ['a value of another kind', '{"a":1.0}', () => [1], '[1]'],
    ['nothing', '1', () => undefined, 'null'],
    [
      'members that JSON leaves out',
      '{"a":1.0,"b":2}',
      () => ({ a: 1, b: undefined, c: () => 1 }),
      '{"a":1.0}',
    ],
    ['a list with gaps', '[1.0]', () => [1, undefined], '[1.0,null]'],
    ['a date', '{"a":1.0}', () => ({ a: new Date(0) }), '{"a":"1970-01-01T00:00:00.000Z"}'],
    ['an object that writes itself', '{"a":1.0}', () => ({ a: 1, toJSON: () => 'me' }), '"me"'],
    [
      'own members named like those of the prototype',
      '{"__proto__":1.0}',
      () => ({ toString: 1 }),
      '{"toString":1}',
    ],
  ])('writes %s as JSON.stringify would', (_, text, change, written) => {
    expect(spliced(text, change)).toBe(written)
  })

  test.each<[string, string, (value: never) => unknown, string]>([
    [
      'under another name',
      '{"id":9007199254740993}',
      ({ id }: { id: number }) => ({ name: id }),
      '{"name":9007199254740993}',
    ],
    ['alone', '{"id":9007199254740993}', ({ id }: { id: number }) => id, '9007199254740993'],
    [
      'in a list of another order',
      '[9007199254740993,1.0,1e400]',
      ([a, , c]: readonly number[]) => [c, a],
      '[1e400,9007199254740993]',
    ],
    [
      'in a list of its own',
      '{"a":{"b":0.1000000000000000055511151231257828}}',
      ({ a }: { a: { b: number } }) => ({ c: [[a.b]] }),
      '{"c":[[0.1000000000000000055511151231257828]]}',
    ],
    [
      'nowhere, where two are rounded alike',
      '[9007199254740993,9007199254740992]',
      ([a, b]: readonly number[]) => ({ a, b }),
      '{"a":9007199254740992,"b":9007199254740992}',
    ],
    ['nowhere, where it is rounded to nothing', '{"":[[-0.9E-800]]}', () => 0, '0'],
    [
      'nowhere, where it was changed',
      '{"id":9007199254740993}',
      ({ id }: { id: number }) => ({ id: id / 2 }),
      '{"id":4503599627370496}',
    ],
  ])('knows a number that a double rounds where a schema moved it: %s', (_, text, change, written) => {
    expect(spliced(text, change)).toBe(written)
  })

  test('gives text that reads as the output, whatever was changed', () => {
    fc.assert(
      fc.property(jsonText, jsonText, (text, other) => {
        const output: unknown = JSON.parse(other)
        const written: unknown = JSON.parse(spliceOutput(text, JSON.parse(text), output))
        expect(isDeepStrictEqual(written, JSON.parse(JSON.stringify(output))) || hasOddNumber(other)).toBe(
          true,
        )
      }),
      runs,
    )
  })

  test('throws at what JSON cannot hold', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    expect(() => spliced('{"self":{}}', () => cycle)).toThrow(TypeError)
    expect(() => spliced('1', () => 1n)).toThrow(TypeError)
  })
})

describe('findMember', () => {
  test.each([
    ['{"a":1,"b":2}', 'b', ',"b":2', '2'],
    ['{ "a" : 1 , "b" : [ {"b":3} ] }', 'b', ', "b" : [ {"b":3} ]', '[ {"b":3} ]'],
    ['{"a":"\\"b\\":1","b":{"c":"}"}}', 'b', ',"b":{"c":"}"}', '{"c":"}"}'],
    ['{"b":1,"a":2,"b":3}', 'b', ',"b":3', '3'],
    ['{"b":1.0}', 'b', '"b":1.0', '1.0'],
  ])('finds in %s the member %s', (text, name, cut, value) => {
    const member = findMember(text, name)
    expect(
      member && [text.slice(member.start, member.end), text.slice(member.valueStart, member.end)],
    ).toEqual([cut, value])
  })

  test('finds none in what has none of its own', () => {
    for (const text of ['{}', '{"a":{"b":1}}', '{"a":"b"}', '[1]']) expect(findMember(text, 'b')).toBeNull()
  })

  test('gives the value that JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.array(jsonText, { minLength: 1, maxLength: 5 }), (values) => {
        const text = `{${values.map((value, at) => `"k${at % 3}":${value}`).join(',')}}`
        const whole = JSON.parse(text)
        for (const name of Object.keys(whole)) {
          const member = findMember(text, name)
          const value: unknown = JSON.parse(
            member === null ? 'null' : text.slice(member.valueStart, member.end),
          )
          expect(isDeepStrictEqual(value, whole[name])).toBe(true)
        }
      }),
      runs,
    )
  })
})
