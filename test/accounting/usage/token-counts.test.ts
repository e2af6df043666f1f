import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noTokens, sumOfTokens } from '../../../machines/index.js'
import { tokensOf } from '../../../src/accounting/usage/token-counts.js'

const isCount = (count: number): boolean => Number.isSafeInteger(count) && count >= 0

describe('the tokens of an answer', () => {
  test.each([
    [
      'of a chat',
      {
        prompt_tokens: 9,
        completion_tokens: 3,
        total_tokens: 12,
        prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
      { input: 9, cached: 4, output: 3, reasoning: 2 },
    ],
    [
      'of a chat without details',
      { prompt_tokens: 9, completion_tokens: 3 },
      { input: 9, cached: 0, output: 3, reasoning: 0 },
    ],
    [
      'of a response',
      {
        input_tokens: 7,
        input_tokens_details: { cached_tokens: 7 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 5 },
      },
      { input: 7, cached: 7, output: 5, reasoning: 5 },
    ],
    [
      'of an embedding',
      { prompt_tokens: 6, total_tokens: 6 },
      { input: 6, cached: 0, output: 0, reasoning: 0 },
    ],
    [
      'with details that say nothing',
      { prompt_tokens: 1, completion_tokens: 1, prompt_tokens_details: null },
      { input: 1, cached: 0, output: 1, reasoning: 0 },
    ],
    ['that names none', {}, null],
    ['that names its total alone', { total_tokens: 12 }, null],
    ['in words', { prompt_tokens: '9', completion_tokens: 3 }, null],
    ['below nothing', { prompt_tokens: -1, completion_tokens: 3 }, null],
    ['in parts', { prompt_tokens: 1.5, completion_tokens: 3 }, null],
    ['beyond what numbers can count', { prompt_tokens: 1e300, completion_tokens: 3 }, null],
    [
      'with more of it cached than there is',
      { prompt_tokens: 1, completion_tokens: 0, prompt_tokens_details: { cached_tokens: 2 } },
      null,
    ],
    [
      'with more of it thought than there is',
      { prompt_tokens: 1, completion_tokens: 0, completion_tokens_details: { reasoning_tokens: 2 } },
      null,
    ],
  ])('%s', (_, usage, expected) => {
    expect(tokensOf(usage)).toEqual(expected)
  })

  test('add up', () => {
    const counts = fc.record({ input: fc.nat(), cached: fc.nat(), output: fc.nat(), reasoning: fc.nat() })
    fc.assert(
      fc.property(counts, counts, (one, other) => {
        expect(sumOfTokens(one, noTokens)).toEqual(one)
        expect(sumOfTokens(one, other)).toEqual(sumOfTokens(other, one))
        expect(sumOfTokens(one, other).input).toBe(one.input + other.input)
      }),
    )
  })

  test('of anything at all are counted or not, and never thrown at', () => {
    const names = fc.constantFrom('prompt_tokens', 'output_tokens', 'prompt_tokens_details', '__proto__')
    const anything = fc.property(fc.dictionary(names, fc.jsonValue()), (usage) => {
      const counts = tokensOf(usage)
      return counts === null || Object.values(counts).every(isCount)
    })
    expect(fc.check(anything)).toMatchObject({ failed: false })
  })
})
