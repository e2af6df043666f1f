import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asRecord } from '../../../src/accounting/rows/json-record.js'
import { tokensOf } from '../../../src/accounting/usage/token-counts.js'
import { UsageReader } from '../../../src/accounting/usage/usage-reader.js'

const asParsed = (text: string) => {
  const usage = asRecord(JSON.parse(text))
  return usage === null ? null : tokensOf(usage)
}
const readIn = (reader: UsageReader, text: string) => {
  const bytes = Buffer.from(`{"usage":${text}}`)
  return reader.read(bytes, 9, bytes.length - 1)
}

/** Numbers as servers write them, and as nobody should. */
const number = fc.oneof(
  { weight: 8, arbitrary: fc.nat(5_000).map(String) },
  fc.constantFrom(
    '0',
    '-1',
    '1.5',
    '2e3',
    '7E2',
    '9007199254740993',
    '123456789012345678',
    'null',
    '"12"',
    '[]',
  ),
)
const names = [
  'prompt_tokens',
  'completion_tokens',
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'tier_2',
  'é',
  'a\\"b',
]
const details = [
  'prompt_tokens_details',
  'completion_tokens_details',
  'input_tokens_details',
  'output_tokens_details',
]
const parts = ['cached_tokens', 'reasoning_tokens', 'audio_tokens']

const member = (name: string, value: string, space: string): string => `"${name}":${space}${value}`
/** How a server writes; `numbers` fill it. */
const writing = fc.record({
  names: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 5 }),
  details: fc.array(fc.tuple(fc.constantFrom(...details), fc.subarray(parts)), { maxLength: 3 }),
  space: fc.constantFrom('', ' '),
  isDetailFirst: fc.boolean(),
})
type Writing = Parameters<Parameters<(typeof writing)['map']>[0]>[0]

function textOf(
  { names: outer, details: inner, space, isDetailFirst }: Writing,
  numbers: readonly string[],
): string {
  let next = 0
  const value = (): string => numbers[next++ % numbers.length] ?? '0'
  const plain = outer.map((name) => member(name, value(), space))
  const nested = inner.map(([name, kinds]) =>
    member(name, `{${kinds.map((kind) => member(kind, value(), space)).join(`,${space}`)}}`, space),
  )
  return `{${(isDetailFirst ? [...nested, ...plain] : [...plain, ...nested]).join(`,${space}`)}}`
}

const chatUsage = (input: number, cached: number): string =>
  `{"prompt_tokens":${input},"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":${cached}}}`

describe('usage read from its bytes', () => {
  test('is what parsing gives, whichever texts came before', () => {
    const texts = fc
      .tuple(
        fc.array(writing, { minLength: 1, maxLength: 3 }),
        fc.array(fc.array(number, { minLength: 1, maxLength: 9 }), { minLength: 2, maxLength: 12 }),
      )
      .map(([writings, all]) =>
        all.map((numbers, at) => textOf(writings[at % writings.length] as Writing, numbers)),
      )
    fc.assert(
      fc.property(texts, (written) => {
        const reader = new UsageReader()
        for (const text of written) expect(readIn(reader, text)).toEqual(asParsed(text))
      }),
      { numRuns: 500 },
    )
  })

  test.each(['{}', '[1]', '7', 'null', '"prompt_tokens"'])('is read of %s as well', (text) => {
    const reader = new UsageReader()
    for (let time = 0; time < 2; time += 1) expect(readIn(reader, text)).toEqual(asParsed(text))
  })

  test('is looked at byte by byte from the second text on', () => {
    const reader = new UsageReader()
    readIn(reader, chatUsage(9, 4))
    // No JSON: whoever parsed it would throw.
    const bytes = Buffer.from(chatUsage(8, 5).replace(':8,', ':008,'))
    expect(reader.read(bytes, 0, bytes.length)).toEqual({ input: 8, cached: 5, output: 3, reasoning: 0 })
  })
})
