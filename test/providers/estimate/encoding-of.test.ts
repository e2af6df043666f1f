import { expect, test } from 'vitest'
import { modelToEncodingMap } from 'gpt-tokenizer/mapping'
import { encodingOf } from '../../../src/providers/estimate/encoding-of.js'

test.each([
  ['gpt-4o-mini-2024-07-18', 'o200k_base'],
  ['chatgpt-4o-latest', 'o200k_base'],
  ['gpt-4.1-nano', 'o200k_base'],
  ['gpt-5-mini', 'o200k_base'],
  ['gpt-5.1', 'o200k_base'],
  ['o3', 'o200k_base'],
  ['o4-mini', 'o200k_base'],
  ['ft:gpt-4o-mini:acme::abc', 'o200k_base'],
  ['openai/gpt-4o', 'o200k_base'],
  ['gpt-4', 'cl100k_base'],
  ['gpt-4-turbo', 'cl100k_base'],
  ['gpt-3.5-turbo', 'cl100k_base'],
  ['gpt-35-turbo', 'cl100k_base'],
  ['text-embedding-3-small', 'cl100k_base'],
])('%s is cut by %s', (model, encoding) => {
  expect(encodingOf(model)).toEqual({ encoding, isOwn: true })
})

test.each([null, 'mistral-large', 'olmo-2', 'llama-3.1-8b', 'claude-opus-4'])(
  'how %s cuts is not known',
  (model) => expect(encodingOf(model)).toEqual({ encoding: 'o200k_base', isOwn: false }),
)

test('the tokenizer has the same for every model that both know', () => {
  const theirs = Object.entries(modelToEncodingMap as Readonly<Record<string, string>>)
  const known = theirs.filter(([model]) => encodingOf(model).isOwn)
  expect(known.length).toBeGreaterThan(20)
  expect(known.filter(([model, encoding]) => encodingOf(model).encoding !== plain(encoding))).toEqual([])
})

/** Models whose weights are open have an encoding that adds marks to the same words. */
const plain = (encoding: string): string => encoding.replace('o200k_harmony', 'o200k_base')
