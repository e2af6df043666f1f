import { describe, expect, test } from 'vitest'
import type { Answer } from '../../../src/accounting/rows/answer.js'
import { nothingPromised } from '../../../src/accounting/rows/promise.js'
import { readAnswer as reading } from '../../../src/accounting/rows/read-answer.js'
import { chat } from './lines.js'

function readAnswer(body: Record<string, unknown>): Answer {
  const read = reading(body, nothingPromised)
  if (read.type !== 'answer') throw new Error(`The body is ${read.type}, no answer.`)
  return read.answer
}

const response = (more: Record<string, unknown>): Record<string, unknown> => ({
  object: 'response',
  status: 'completed',
  ...more,
})
const message = (...content: unknown[]): Record<string, unknown> => ({ type: 'message', content })

describe('readAnswer of chat completions', () => {
  test('gives text, finish reason and usage', () => {
    expect(readAnswer(chat({ content: 'hi', refusal: null }))).toEqual({
      shape: 'chat',
      content: 'hi',
      contents: null,
      toolCalls: null,
      finishReason: 'stop',
      model: null,
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
      fault: null,
    })
  })

  test('gives every content when there are several choices', () => {
    const choices = ['a', 'b'].map((content) => ({ message: { content }, finish_reason: 'stop' }))
    expect(readAnswer({ choices })).toMatchObject({ content: 'a', contents: ['a', 'b'], fault: null })
  })

  test('calls the row truncated when one of several choices is', () => {
    const choices = [
      { message: { content: 'a' }, finish_reason: 'stop' },
      { message: { content: 'b' }, finish_reason: 'length' },
    ]
    expect(readAnswer({ choices }).fault?.code).toBe('truncated')
  })

  test.each([
    ['length', 'truncated'],
    ['content_filter', 'content_filter'],
  ])('finish reason %s means %s, and the partial text is kept', (finishReason, code) => {
    const answer = readAnswer(chat({ content: 'par' }, finishReason))
    expect([answer.fault?.code, answer.content]).toEqual([code, 'par'])
  })

  test('takes a refusal for one, in its own words', () => {
    expect(readAnswer(chat({ content: null, refusal: 'No.' })).fault).toEqual({
      class: 'semantic',
      code: 'refusal',
      message: 'No.',
    })
  })

  test('takes a tool call without content for a success', () => {
    const calls = [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }]
    expect(readAnswer(chat({ content: null, tool_calls: calls }, 'tool_calls'))).toMatchObject({
      content: null,
      toolCalls: calls,
      fault: null,
    })
    expect(
      readAnswer(chat({ content: null, function_call: { name: 'f' } }, 'function_call')).toolCalls,
    ).toEqual([{ name: 'f' }])
  })

  test('finds nothing in an answer without choices, message or content', () => {
    for (const body of [
      { object: 'chat.completion', choices: [] },
      { choices: [{}] },
      chat({ content: null }),
      chat({ content: null, tool_calls: [] }),
    ]) {
      expect(readAnswer(body).fault?.code).toBe('empty_answer')
    }
  })

  test('joins content that came in parts', () => {
    expect(
      readAnswer(
        chat({
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        }),
      ).content,
    ).toBe('ab')
  })

  test('gives the audio of an answer that speaks', () => {
    expect(readAnswer(chat({ content: null, audio: { id: 'x' } }))).toMatchObject({
      content: { id: 'x' },
      fault: null,
    })
  })
})

describe('readAnswer of responses', () => {
  test('joins the text of all messages', () => {
    const output = [
      { type: 'reasoning' },
      message({ type: 'output_text', text: 'a' }, { type: 'output_text', text: 'b' }),
    ]
    expect(readAnswer(response({ output, usage: { total_tokens: 2 } }))).toMatchObject({
      shape: 'responses',
      content: 'ab',
      finishReason: 'completed',
      usage: { total_tokens: 2 },
      fault: null,
    })
  })

  test.each([
    ['max_output_tokens', 'truncated'],
    ['content_filter', 'content_filter'],
    ['something_new', 'incomplete'],
  ])('incomplete for %s means %s, and the partial text is kept', (reason, code) => {
    const answer = readAnswer(
      response({
        status: 'incomplete',
        incomplete_details: { reason },
        output: [message({ type: 'output_text', text: 'par' })],
      }),
    )
    expect([answer.fault?.code, answer.content, answer.finishReason]).toEqual([code, 'par', reason])
  })

  test('never takes a response that has not ended for a success', () => {
    for (const status of ['queued', 'in_progress', 'cancelled']) {
      expect(readAnswer(response({ status, output: [] })).fault?.code).toBe('incomplete')
    }
  })

  test('takes a refusal part for a refusal', () => {
    expect(readAnswer(response({ output: [message({ type: 'refusal', refusal: 'No.' })] })).fault).toEqual({
      class: 'semantic',
      code: 'refusal',
      message: 'No.',
    })
  })

  test('takes a function call for a success and no output at all for none', () => {
    const call = { type: 'function_call', name: 'f' }
    expect(readAnswer(response({ output: [call] }))).toMatchObject({
      content: null,
      toolCalls: [call],
      fault: null,
    })
    expect(readAnswer(response({ output: [] })).fault?.code).toBe('empty_answer')
  })
})

describe('readAnswer of the other endpoints', () => {
  test('gives the vector of an embedding as it is', () => {
    expect(
      readAnswer({ object: 'list', data: [{ embedding: [0.1, -2] }], usage: { total_tokens: 1 } }),
    ).toMatchObject({ shape: 'embeddings', content: [0.1, -2], usage: { total_tokens: 1 }, fault: null })
    expect(readAnswer({ data: [{ embedding: 'AAAA' }] }).content).toBe('AAAA')
  })

  test('gives the vectors of several inputs in the order of their index', () => {
    const data = [
      { index: 1, embedding: [1] },
      { index: 0, embedding: [0] },
    ]
    expect(readAnswer({ data }).content).toEqual([[0], [1]])
  })

  test('notices an embedding without a vector', () => {
    expect(readAnswer({ data: [{ embedding: [] }] }).fault?.code).toBe('empty_answer')
  })

  test('gives the text of a completion', () => {
    const body = { object: 'text_completion', choices: [{ text: 'hi', finish_reason: 'stop' }] }
    expect(readAnswer(body)).toMatchObject({ shape: 'completions', content: 'hi', fault: null })
    expect(readAnswer({ choices: [{ text: 'h', finish_reason: 'length' }] }).fault?.code).toBe('truncated')
  })

  test.each([
    ['moderations', { id: 'modr-1', results: [{ flagged: false }] }],
    ['images', { created: 1, data: [{ b64_json: 'x' }] }],
    ['opaque', { id: 'video_1', object: 'video', prompt: 'a cat', status: 'queued' }],
  ])('keeps the whole body of %s', (shape, body) => {
    expect(readAnswer(body)).toMatchObject({ shape, content: body, fault: null })
  })
})
