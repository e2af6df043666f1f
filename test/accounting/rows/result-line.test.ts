import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classifyRow } from '../../../src/accounting/rows/classify-row.js'
import { readResultLine } from '../../../src/accounting/rows/result-line.js'
import { answered, lineOf, unanswered } from './lines.js'

describe('readResultLine', () => {
  test('reads every field of an ordinary line and remembers where it stood', () => {
    const value = {
      id: 'batch_req_1',
      custom_id: 'a',
      response: { status_code: 200, request_id: 'r', body: { x: 1 } },
      error: null,
    }
    const text = JSON.stringify(value)
    const lineText = { text, isNestedTooDeep: false }
    expect(readResultLine(value, { file: 'error', line: 17 }, lineText)).toEqual({
      customId: 'a',
      id: 'batch_req_1',
      statusCode: 200,
      requestId: 'r',
      body: { x: 1 },
      error: null,
      isUnderstood: true,
      raw: value,
      text,
      bodyText: null,
      isNestedTooDeep: false,
      source: { file: 'error', line: 17 },
    })
  })

  test('parses a body that came as JSON text, once', () => {
    expect(answered(200, '{"a":"{}"}')).toMatchObject({ body: { a: '{}' }, bodyText: '{"a":"{}"}' })
    expect(answered(200, 'plain words').body).toBe('plain words')
  })

  test('says of a line or a body that is nested too deep that nobody can read it', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const source = { file: 'output', line: 1 } as const
    const line = readResultLine({ custom_id: 'a' }, source, { text: deep, isNestedTooDeep: true })
    for (const unread of [line, answered(200, deep)]) {
      expect(classifyRow(unread)).toMatchObject({ class: 'needs-person', error: { code: 'nested_too_deep' } })
    }
    expect(classifyRow(answered(500, deep)).class).toBe('transient')
  })

  test('takes a numeric error code for an HTTP status, not for a code', () => {
    expect(unanswered({ code: 429, message: 'slow' }).error).toMatchObject({ code: null, status: 429 })
  })

  test('takes an error that is no object for a message', () => {
    expect(unanswered('boom').error).toMatchObject({ code: null, message: 'boom' })
    expect(unanswered(['boom']).error).toMatchObject({ message: '["boom"]' })
  })

  test.each([
    ['no response and no error', { custom_id: 'a' }],
    ['both null', { custom_id: 'a', response: null, error: null }],
    ['a response that is text', { custom_id: 'a', response: 'ok', error: null }],
    ['a response without a status', { custom_id: 'a', response: { body: {} }, error: null }],
    ['a status as text', { custom_id: 'a', response: { status_code: '200', body: { a: 1 } } }],
  ])('leaves a row with %s to a person, keeping its id and its line', (_, value) => {
    const line = lineOf(value)
    expect(line.customId).toBe('a')
    expect(line.raw).toBe(value)
    expect(classifyRow(line)).toMatchObject({ class: 'needs-person', error: { code: 'unrecognised_row' } })
  })

  test('never throws and always reaches a verdict, whatever JSON stands in the line', () => {
    const odd = fc.oneof(fc.jsonValue(), fc.constant(null))
    const line = fc.record(
      {
        custom_id: fc.oneof(fc.string(), odd),
        id: odd,
        error: odd,
        response: fc.oneof(
          odd,
          fc.record({ status_code: fc.oneof(fc.integer(), odd), body: odd }, { requiredKeys: [] }),
        ),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(line, odd), (value) => {
        const { class: rowClass, error } = classifyRow(lineOf(value))
        expect(error === null).toBe(rowClass === 'success')
      }),
    )
  })
})
