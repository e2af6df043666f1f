import { describe, expect, test } from 'vitest'
import { mostOutputOf, nothingBounded, withRequest } from '../../src/providers/token-bound.js'

const request = (url: string, body: Readonly<Record<string, unknown>>) => ({
  custom_id: 'a',
  method: 'POST',
  url: `/v1/${url}`,
  body: { model: 'm', ...body },
})
const chat = (body: Readonly<Record<string, unknown>>) =>
  request('chat/completions', { messages: [], ...body })

describe('the most that a request may answer', () => {
  test.each([
    ['a chat', chat({ max_completion_tokens: 50 }), 50],
    ['a chat of the older way', chat({ max_tokens: 50 }), 50],
    ['a chat that says both', chat({ max_completion_tokens: 40, max_tokens: 50 }), 40],
    ['several answers', chat({ max_tokens: 50, n: 3 }), 150],
    ['a chat that says nothing', chat({}), null],
    ['a chat that says nonsense', chat({ max_tokens: '50' }), null],
    ['a response', request('responses', { max_output_tokens: 70 }), 70],
    ['a response that says nothing', request('responses', {}), null],
    ['a completion', request('completions', { prompt: 'x', max_tokens: 9 }), 9],
    ['a completion that says nothing', request('completions', { prompt: 'x' }), 16],
    [
      'completions of several prompts',
      request('completions', { prompt: ['x', 'y'], max_tokens: 9, n: 2 }),
      36,
    ],
    ['the best of several', request('completions', { prompt: ['x', 'y'], max_tokens: 10, best_of: 4 }), 80],
    ['an embedding', request('embeddings', { input: 'x' }), 0],
    ['a moderation', request('moderations', { input: 'x' }), 0],
    ['an image', request('images/generations', { prompt: 'x' }), null],
    ['an endpoint nobody knows', request('videos', { max_tokens: 5 }), null],
  ])('%s', (_, value, expected) => {
    expect(mostOutputOf(value)).toBe(expected)
  })
})

const limited = (body: Readonly<Record<string, unknown>>) =>
  withRequest(nothingBounded, request('responses', { max_output_tokens: 5, ...body }), 10).unbounded

describe('what requests may take', () => {
  test('adds up', () => {
    const two = withRequest(withRequest(nothingBounded, chat({ max_tokens: 50 }), 100), chat({}), 30)
    expect(two).toEqual({ requests: 2, inputTokens: 130, outputTokens: 50, unbounded: 1 })
  })

  test.each([
    [
      'a picture',
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'https://x.test/a' }] }] },
    ],
    ['a file', { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] }] }],
    ['an earlier answer', { previous_response_id: 'resp_1' }],
    ['a search', { tools: [{ type: 'web_search' }] }],
  ])('is not bounded by its bytes with %s', (_, body) => {
    expect(limited(body)).toBe(1)
  })

  test.each([
    ['text alone', { input: 'image_url' }],
    ['tools of the caller', { tools: [{ type: 'function', name: 'f', parameters: { file: {} } }] }],
    ['fields that say nothing', { previous_response_id: null }],
  ])('is bounded with %s', (_, body) => {
    expect(limited(body)).toBe(0)
  })
})
