import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  costOf,
  parsePriceList,
  readPriceList,
  type PriceList,
} from '../../../src/accounting/usage/price-list.js'
import { noTokens } from '../../../machines/index.js'
import { rejection, withDirectory, putFiles } from '../../workspace/support.js'

const list: PriceList = {
  as_of: '2026-11-26',
  currency: 'USD',
  batch_factor: 0.5,
  models: {
    'gpt-4o-mini': { input: 2, cached_input: 1, output: 8 },
    embed: { input: 4 },
    'gpt-4o-mini-2025-01-01': { input: 100 },
  },
}
const usageOf = (model: string | null, tokens = {}) => ({
  model,
  endpoint: null,
  answers: 1,
  tokens: { ...noTokens, input: 1_000_000, ...tokens },
})

describe('what tokens cost', () => {
  test.each([
    ['input', usageOf('gpt-4o-mini'), 1],
    ['input of which half was cached', usageOf('gpt-4o-mini', { cached: 500_000 }), 0.75],
    ['output', usageOf('gpt-4o-mini', { output: 1_000_000, reasoning: 400_000 }), 5],
    ['by the name without its date', usageOf('gpt-4o-mini-2024-07-18'), 1],
    ['by the name with its date, where that is in the list', usageOf('gpt-4o-mini-2025-01-01'), 50],
    ['cached input without a price of its own', usageOf('embed', { cached: 1_000_000 }), 2],
    ['output without a price', usageOf('embed', { output: 1_000_000 }), 2],
    ['of a model that is not in the list', usageOf('gpt-4o'), null],
    ['of a model that no list can hold', usageOf('__proto__'), null],
    ['of no model', usageOf(null), null],
  ])('%s', (_, usage, expected) => {
    expect(costOf(usage, list)).toBe(expected)
  })
})

describe('a price list', () => {
  test('of the documentation is one', async () => {
    const [, example = ''] = /```json\n([^]*?)```/.exec(readFileSync('docs/costs.md', 'utf8')) ?? []
    expect((await parsePriceList(JSON.parse(example), 'the example')).batch_factor).toBe(0.5)
  })

  test.each([
    ['a misspelt field', { ...list, models: { m: { input: 1, ouput: 2 } } }, /models\.m/],
    ['no factor', { ...list, batch_factor: undefined }, /batch_factor/],
    ['a factor above one', { ...list, batch_factor: 50 }, /batch_factor/],
    ['a price below nothing', { ...list, models: { m: { input: -1 } } }, /models\.m\.input/],
    ['no day', { ...list, as_of: 'today' }, /as_of/],
    ['a list', [list], /no price list/],
  ])('with %s is refused by name', async (_, value, says) => {
    const error = await rejection(parsePriceList(value, 'prices.json'))
    expect(error.code).toBe('WrongUsage')
    expect(error.message).toMatch(says)
  })

  test('that is no JSON, or not there, is refused with its path', () =>
    withDirectory(async (directory) => {
      putFiles(directory, { 'prices.json': '{"as_of":' })
      const path = join(directory, 'prices.json')
      expect(await rejection(readPriceList(path))).toMatchObject({
        code: 'WrongUsage',
        message: expect.stringContaining(path),
      })
      const gone = await rejection(readPriceList(`${path}.gone`))
      expect(gone.message).toContain(`${path}.gone`)
    }))
})
