import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, test } from 'vitest'
import { loadTokenizer } from '../../../src/providers/estimate/tokenizer.js'
import { randomFrom } from '../../random-from.js'

describe('the tokens of a text', () => {
  test('are those of the encoding', async () => {
    expect((await loadTokenizer('o200k_base'))('hello world')).toBe(2)
    expect((await loadTokenizer('cl100k_base'))('hello world')).toBe(2)
    // The two encodings differ where scripts other than Latin are written.
    const greeting = 'Здравствуйте, как ваши дела сегодня?'
    const [newer, older] = [await loadTokenizer('o200k_base'), await loadTokenizer('cl100k_base')]
    expect(newer(greeting)).toBeLessThan(older(greeting))
    expect(newer('')).toBe(0)
  })

  test('are the same in pieces as in one', async () => {
    const count = await loadTokenizer('o200k_base')
    const random = randomFrom(7)
    const words = [
      'the',
      ' quick',
      '  brown',
      '\n\n',
      '\t',
      ' 1234567',
      ' été',
      '的',
      '。',
      ' "x":',
      ' 🎉',
      "'s",
      ' -',
    ]
    for (let round = 0; round < 50; round += 1) {
      const text = Array.from({ length: 2_000 }, () => words[Math.floor(random() * words.length)]).join('')
      expect(count(text)).toBe(countTokens(text))
    }
  })

  test('of a mark that means something to a model are those of plain text', async () => {
    expect((await loadTokenizer('o200k_base'))('a<|endoftext|>b')).toBeGreaterThan(3)
  })

  test('of a word without end are counted soon, and hardly off', async () => {
    const count = await loadTokenizer('o200k_base')
    const word = '的地得'.repeat(1_000)
    expect(Math.abs(count(word) - countTokens(word))).toBeLessThanOrEqual(6)
    // In one piece this takes minutes.
    expect(count('的地得'.repeat(100_000))).toBeGreaterThan(100_000)
  })
})
