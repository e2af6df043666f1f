import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeAnswer } from '../../../src/accounting/rows/judge-answer.js'
import { nothingPromised } from '../../../src/accounting/rows/promise.js'
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
    const lineText = { text, isTooDeep: false }
    expect(readResultLine(value, { file: 'error', line: 17 }, lineText)).toEqual({
      customId: 'a',
      id: 'batch_req_1',
      statusCode: 200,
      requestId: 'r',
      body: { x: 1 },
      error: null,
      isUnderstood: true,
      isTooDeep: false,
      raw: value,
      text,
      bodySource: null,
      source: { file: 'error', line: 17 },
    })
  })

  test('parses a body that came as JSON text, once', () => {
    const text = '{"a":"{}"}'
    const value = { a: '{}' }
    expect(answered(200, text)).toMatchObject({ body: value, bodySource: { text, value } })
    expect(answered(200, 'plain words').body).toBe('plain words')
  })

  test('takes a numeric error code for an HTTP status, not for a code', () => {
    expect(unanswered({ code: 429, message: 'slow' }).error).toMatchObject({ code: null, status: 429 })
  })

  test('takes an error that is no object for a message', () => {
    expect(unanswered('boom').error).toMatchObject({ code: null, message: 'boom' })
    expect(unanswered([null, 'boom']).error).toMatchObject({ message: 'boom' })
  })

  test.each([
    ['no response and no error', { custom_id: 'a' }],
    ['both null', { custom_id: 'a', response: null, error: null }],
    ['a response that is text', { custom_id: 'a', response: 'ok', error: null }],
    ['a response without a status', { custom_id: 'a', response: { body: {} }, error: null }],
    ['an empty response', { custom_id: 'a', response: {}, error: null }],
    ['a status that is none', { custom_id: 'a', response: { status_code: 'fine', body: { a: 1 } } }],
    ['an error that says nothing', { custom_id: 'a', response: null, error: { code: 0, message: 'OK' } }],
  ])('leaves a row with %s to a person, keeping its id and its line', (_, value) => {
    const line = lineOf(value)
    expect(line.customId).toBe('a')
    expect(line.raw).toBe(value)
    expect(judgeAnswer(line, nothingPromised)).toMatchObject({
      class: 'unrecognised',
      error: { code: 'unrecognised_row' },
      mayRetry: 'only-when-named',
    })
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
        const { class: rowClass, error } = judgeAnswer(lineOf(value), nothingPromised)
        expect(error === null).toBe(rowClass === 'success')
      }),
    )
  })
})
