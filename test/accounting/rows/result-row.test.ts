import assert from 'node:assert/strict'
import { describe, expect, test } from 'vitest'
import { evaluateRow, missingRow } from '../../../src/accounting/rows/evaluate-row.js'
import { parseResultRow } from '../../../src/accounting/rows/result-row-schema.js'
import { resultRowText, toResultRow } from '../../../src/accounting/rows/result-row.js'
import { answered, chat, chatText } from './lines.js'

const facts = { index: '7', attempt: 1, retryIndex: null }
const text = { contentType: 'text', repairJson: false } as const

async function modelOf(model: unknown): Promise<unknown> {
  const line = answered(200, { ...chat({ content: 'hi' }), model })
  return toResultRow(await evaluateRow(line, text), facts)['model']
}

describe('toResultRow', () => {
  test('writes a success with its keys in a fixed order', async () => {
    const row = await evaluateRow(chatText('hi'), text)
    expect(resultRowText(toResultRow(row, facts))).toBe(
      '{"custom_id":"a","outcome":"success","content":"hi","finish_reason":"stop","model":null,' +
        '"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"attempt":1,' +
        '"source":{"index":"7","file":"output","line":1}}',
    )
  })

  test('writes an error instead of content, and who tries it again', () => {
    const row = toResultRow(missingRow('b', 'expired'), { index: '7', attempt: 2, retryIndex: '9' })
    expect(Object.keys(row)).toEqual([
      'custom_id',
      'outcome',
      'error',
      'finish_reason',
      'model',
      'usage',
      'attempt',
      'source',
      'retry',
    ])
    expect(row).toMatchObject({ attempt: 2, retry: '9', source: { index: '7', file: null, line: null } })
  })

  test('writes both for a truncated answer', async () => {
    const row = await evaluateRow(answered(200, chat({ content: 'par' }, 'length')), text)
    expect(parseResultRow(resultRowText(toResultRow(row, facts)))).toMatchObject({
      outcome: 'semantic',
      content: 'par',
      error: { code: 'truncated' },
    })
  })

  test('writes contents, tool calls and repair only when there are any', async () => {
    const body = {
      choices: [
        { message: { content: '{a:1}', tool_calls: [{ id: 'c' }] }, finish_reason: 'stop' },
        { message: { content: '2' }, finish_reason: 'stop' },
      ],
    }
    const row = await evaluateRow(answered(200, body), { contentType: 'json', repairJson: true })
    expect(parseResultRow(resultRowText(toResultRow(row, facts)))).toMatchObject({
      content: { a: 1 },
      contents: [{ a: 1 }, 2],
      tool_calls: [{ id: 'c' }],
      repaired: true,
    })
  })

  test('says which model answered, as far as the answer does', async () => {
    expect(await modelOf('gpt-4o-mini-2024-07-18')).toBe('gpt-4o-mini-2024-07-18')
    expect(await modelOf('')).toBe('')
    for (const none of [undefined, null, 4, {}]) expect(await modelOf(none)).toBeNull()
  })

  test('is read back as it was written, with fields of others kept', async () => {
    const written = resultRowText(toResultRow(await evaluateRow(chatText('hi'), text), facts))
    const row = parseResultRow(written)
    assert(row !== null)
    expect(resultRowText(row)).toBe(written)
    expect(parseResultRow(resultRowText({ ...row, theirs: 1 }))).toEqual({ ...row, theirs: 1 })
    for (const other of ['', '{', '[]', '{"custom_id":"a"}', '{"source_key":"k"}'])
      expect(parseResultRow(other)).toBeNull()
  })
})
