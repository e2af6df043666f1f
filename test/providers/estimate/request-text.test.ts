import { describe, expect, test } from 'vitest'
import { textOf } from '../../../src/providers/estimate/request-text.js'

type Body = Readonly<Record<string, unknown>>

const of = (url: string, body: Body) => {
  const { texts, tokens, uncounted } = textOf({ custom_id: 'a', method: 'POST', url: `/v1/${url}`, body })
  return { texts, tokens, uncounted: [...uncounted] }
}

const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } }
const tool = { type: 'function', function: { name: 'weather', parameters: {} } }

describe('what a model reads of', () => {
  test('a chat are its messages, with four tokens around each and three before the answer', () => {
    const messages = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', name: 'ann', content: [{ type: 'text', text: 'Look:' }, picture] },
    ]
    expect(of('chat/completions', { model: 'm', messages, metadata: { text: 'not read' } })).toEqual({
      texts: ['Be kind.', 'ann', 'Look:'],
      tokens: 4 + 4 + 3 + 1,
      uncounted: ['pictures'],
    })
  })

  test('a chat that called tools are the calls and what they gave', () => {
    const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"at":"Ulm"}' } }
    const messages = [
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
    ]
    expect(of('chat/completions', { messages, tools: [tool] })).toMatchObject({
      texts: ['weather', '{"at":"Ulm"}', 'rain'],
      uncounted: ['tools'],
    })
  })

  test('a response are instructions and input', () => {
    expect(of('responses', { input: 'Hi', instructions: 'Be kind.' })).toEqual({
      texts: ['Hi', 'Be kind.'],
      tokens: 4 + 4 + 3,
      uncounted: [],
    })
    const input = [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Hi' },
          { type: 'input_file', file_id: 'f' },
        ],
      },
    ]
    expect(
      of('responses', { input, previous_response_id: 'r', text: { format: { type: 'json_schema' } } }),
    ).toEqual({
      texts: ['Hi'],
      tokens: 4 + 3,
      uncounted: ['files', 'earlier answers', 'schemas of answers'],
    })
  })

  test('a stored prompt are its variables', () => {
    const prompt = { id: 'pmpt_1', variables: { city: 'Ulm' } }
    expect(of('responses', { prompt })).toMatchObject({ texts: ['Ulm'], uncounted: ['stored prompts'] })
  })

  test('embeddings are texts, or tokens', () => {
    expect(of('embeddings', { input: ['a', 'b'] })).toEqual({ texts: ['a', 'b'], tokens: 0, uncounted: [] })
    expect(of('embeddings', { input: [[1, 2, 3], [4]] })).toEqual({ texts: [], tokens: 4, uncounted: [] })
    expect(of('embeddings', { input: [1, 2] })).toMatchObject({ tokens: 2 })
  })

  test('a completion is its prompt, and nothing of a request without a body', () => {
    expect(of('completions', { prompt: 'a', suffix: 'b' })).toMatchObject({ texts: ['a', 'b'], tokens: 0 })
    expect(textOf({ url: '/v1/chat/completions' })).toMatchObject({ texts: [] })
  })
})
