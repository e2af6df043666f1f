import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  evaluateRow,
  missingRow,
  rejectRow,
  type EvaluateOptions,
} from '../../../src/accounting/rows/evaluate-row.js'
import { answered, chat, chatText, unanswered } from './lines.js'

const json: EvaluateOptions = { contentType: 'json', repairJson: true }
const retryAll: EvaluateOptions = { ...json, shouldRetry: () => true }

const body = (texts: string[]): unknown => ({
  choices: texts.map((content) => ({ message: { content }, finish_reason: 'stop' })),
})

describe('evaluateRow', () => {
  test('gives the content of a success with where it came from', async () => {
    const row = await evaluateRow(chatText('{"a":1}'), json)
    expect(row).toMatchObject({
      customId: 'a',
      class: 'success',
      content: { a: 1 },
      error: null,
      finishReason: 'stop',
      isRepaired: false,
      isRetryable: false,
      rawText: null,
      source: { file: 'output', line: 1 },
    })
    expect(row.usage).toEqual({ prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 })
  })

  test('says when the content had to be mended', async () => {
    expect(await evaluateRow(chatText('```json\n{"a":1,}\n```'), json)).toMatchObject({
      class: 'success',
      content: { a: 1 },
      isRepaired: true,
    })
  })

  test('never mends a truncated answer into a success; its partial text is kept', async () => {
    const row = await evaluateRow(answered(200, chat({ content: '{"name":"Ad' }, 'length')), json)
    expect(row).toMatchObject({
      class: 'semantic',
      error: { code: 'truncated' },
      content: '{"name":"Ad',
      isRepaired: false,
    })
  })

  test('keeps the raw text of an answer it rejects', async () => {
    const row = await evaluateRow(chatText('Sorry.'), json)
    expect(row).toMatchObject({
      class: 'rejected',
      error: { code: 'not_json' },
      content: null,
      rawText: 'Sorry.',
    })
  })

  test('reads every one of several answers, and rejects the row when one is wrong', async () => {
    expect(await evaluateRow(answered(200, body(['1', '2'])), json)).toMatchObject({
      content: 1,
      contents: [1, 2],
    })
    expect(await evaluateRow(answered(200, body(['1', 'x'])), json)).toMatchObject({
      class: 'rejected',
      rawText: 'x',
      contents: null,
    })
  })

  test('does not put a tool call through the schema', async () => {
    const line = answered(200, chat({ content: null, tool_calls: [{ id: 'c' }] }, 'tool_calls'))
    expect(await evaluateRow(line, { ...json, schema: z.object({}) })).toMatchObject({
      class: 'success',
      content: null,
      toolCalls: [{ id: 'c' }],
    })
  })

  test('puts vectors and other bodies through the schema as values, whatever the content type', async () => {
    const line = answered(200, { data: [{ embedding: [1, 2] }] })
    expect(await evaluateRow(line, { ...json, schema: z.array(z.number()).length(2) })).toMatchObject({
      class: 'success',
      content: [1, 2],
    })
    expect(await evaluateRow(line, { ...json, schema: z.array(z.number()).length(3) })).toMatchObject({
      class: 'rejected',
    })
    expect(await evaluateRow(answered(200, { results: [] }), json)).toMatchObject({
      class: 'success',
      content: { results: [] },
    })
  })

  test('sends again what was not executed or failed in passing, without asking', async () => {
    const never = { ...json, shouldRetry: () => false }
    expect((await evaluateRow(unanswered({ code: 'batch_expired' }), never)).isRetryable).toBe(true)
    expect((await evaluateRow(answered(500, {}), never)).isRetryable).toBe(true)
  })

  test('never sends again what is permanent, needs a person or succeeded, even when asked to', async () => {
    for (const line of [answered(400, {}), answered(401, {}), chatText('1')]) {
      expect((await evaluateRow(line, retryAll)).isRetryable).toBe(false)
    }
  })

  test('asks the policy about semantic and rejected rows, and keeps them when there is none', async () => {
    for (const line of [answered(200, chat({ content: 'x' }, 'length')), chatText('x')]) {
      expect((await evaluateRow(line, json)).isRetryable).toBe(false)
      expect((await evaluateRow(line, retryAll)).isRetryable).toBe(true)
    }
  })
})

describe('missingRow', () => {
  test('stands for a request that an ended batch never executed', () => {
    expect(missingRow('a', 'expired')).toMatchObject({
      customId: 'a',
      class: 'not-executed',
      error: { code: 'batch_expired' },
      isRetryable: true,
      source: { file: null, line: null },
      line: null,
    })
    expect(missingRow('a', 'cancelled').error?.code).toBe('batch_cancelled')
  })
})

describe('rejectRow', () => {
  test('turns a success down for a callback and asks the policy', async () => {
    const row = await evaluateRow(chatText('{"a":1}'), json)
    expect(rejectRow(row, { code: 'too_short', message: 'm' }, retryAll)).toMatchObject({
      class: 'rejected',
      error: { code: 'too_short' },
      content: null,
      isRetryable: true,
      rawText: '{"a":1}',
    })
  })
})
