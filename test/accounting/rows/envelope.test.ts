import { describe, expect, test } from 'vitest'
import { maxNesting } from '../../../src/workspace/nesting.js'
import { judgeAnswer } from '../../../src/accounting/rows/judge-answer.js'
import { promiseOf } from '../../../src/accounting/rows/promise.js'
import { chat, lineOf, lineOfText } from './lines.js'
import { wordsOf } from './promised.js'

const url = '/v1/chat/completions'
const promise = promiseOf({ url, body: {} })
const whole = chat({ content: 'hi' })
const judged = (parts: object): string => wordsOf(judgeAnswer(lineOf({ custom_id: 'a', ...parts }), promise))

describe('where an answer may stand', () => {
  test.each([
    ['beside a status', { response: { status_code: 200, body: whole }, error: null }, 'success'],
    ['beside a status in text', { response: { status_code: '200', body: whole } }, 'success'],
    ['beside a status that is null', { response: { status_code: null, body: whole } }, 'success'],
    ['without a status', { response: { body: whole } }, 'success'],
    ['as JSON text', { response: { body: JSON.stringify(whole) } }, 'success'],
    ['with its response as JSON text', { response: JSON.stringify({ body: whole }) }, 'success'],
    ['inlined in the response', { response: { status_code: 200, ...whole } }, 'success'],
    ['inlined in a response without a status', { response: whole }, 'success'],
    ['at top level', { status_code: 200, body: whole }, 'success'],
    ['at top level without a status', { body: whole }, 'success'],
    [
      'at top level, with the url repeated',
      { url, method: 'POST', status_code: 200, body: whole },
      'success',
    ],
    [
      'at top level of a failure',
      { status_code: 500, body: { error: { message: 'm' } } },
      'transient http_500',
    ],
    ['inlined, of a failure', { response: { status_code: 400, error: { code: 'x' } } }, 'permanent x'],
    ['nowhere: a request', { url, method: 'POST', body: { messages: [] } }, 'unrecognised request_echo'],
    ['nowhere: a request without url', { body: { messages: [] } }, 'unrecognised request_echo'],
    ['nowhere: a status alone', { response: { status_code: 200 } }, 'semantic empty_body'],
    ['nowhere: an empty body and no status', { response: { body: {} } }, 'unrecognised unrecognised_row'],
    ['beside a failing status in text', { response: { status_code: '429', body: {} } }, 'transient http_429'],
    [
      'beside a failing status at top level',
      { status_code: 500, response: { body: whole } },
      'transient http_500',
    ],
    [
      'in a response of text, beside a failing status',
      { status_code: 429, response: 'slow' },
      'transient http_429',
    ],
    ['nowhere but its failure at top level', { status_code: 503, response: null }, 'transient http_503'],
    ['under a status of another name', { response: { status: 429, body: whole } }, 'transient http_429'],
    ['under a statusCode', { response: { statusCode: 429, body: whole } }, 'transient http_429'],
    ['beside a good status at top level', { status_code: 200, response: { body: whole } }, 'success'],
    ['beside an empty response', { response: {}, status_code: 200, body: whole }, 'success'],
    [
      'beside a status that is none',
      { response: { status_code: 'OK', body: whole } },
      'unrecognised unrecognised_row',
    ],
  ])('%s', (_, parts, words) => {
    expect(judged(parts)).toBe(words)
  })
})

describe('an error that says nothing is none', () => {
  test.each([
    null,
    undefined,
    '',
    ' ',
    false,
    0,
    {},
    [],
    [{}],
    { code: '', message: '' },
    { code: null, message: null, type: null, param: null },
    { code: 200, message: 'OK' },
    { code: 0 },
    { code: '0', message: 'success' },
    { code: '200', message: null },
    { code: 'success' },
    { code: 200, message: 'OK', request_id: 'req_1', timestamp: 1_712_345_678 },
    { code: 0, message: 'success.', param: null },
    { code: 200, message: 'Success!', trace_id: 'abc' },
    { success: true },
    { status_code: 200 },
    'N/A',
    '-',
    { error: {} },
  ])('%j', (error) => {
    expect(judged({ response: { status_code: 200, body: whole }, error })).toBe('success')
    expect(judged({ response: { status_code: 200, body: { ...whole, error } }, error: null })).toBe('success')
    expect(judged({ response: null, error })).toBe('unrecognised unrecognised_row')
  })

  test.each([
    [{ code: 500 }, 'transient http_500'],
    [{ code: '503' }, 'transient http_503'],
    [{ code: 200, message: 'out of memory' }, 'permanent unknown_error'],
    ['boom', 'permanent unknown_error'],
    [['boom'], 'permanent unknown_error'],
    [true, 'permanent unknown_error'],
    [{ success: false }, 'permanent unknown_error'],
    [{ reason: 'boom' }, 'permanent unknown_error'],
    [[null, { code: 'insufficient_quota' }], 'needs-person insufficient_quota'],
    [{ code: 200, message: 'OK', request_id: 'r', errors: ['boom'] }, 'permanent unknown_error'],
    [{ error: { code: 'invalid_value' } }, 'permanent invalid_value'],
  ])('%j is one', (error, words) => {
    expect(judged({ response: null, error })).toBe(words)
  })
})

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

/** As `judged`, of a line in which `DEEP` stands for what nests this deep. */
function judgedNested(parts: object, levels: number): string {
  const text = JSON.stringify({ custom_id: 'a', ...parts }).replaceAll('"DEEP"', nested(levels))
  return wordsOf(judgeAnswer(lineOfText(text), promise))
}

describe('a row that nests too deep', () => {
  test.each([
    ['in its body', { response: { status_code: 200, body: { ...whole, extra: 'DEEP' } } }],
    ['as its body', { response: { status_code: 200, body: 'DEEP' } }],
    ['as its error', { response: null, error: 'DEEP' }],
    ['inside of its error', { response: null, error: { code: 'DEEP' } }],
    ['in an error of its body', { response: { status_code: 400, body: { error: { message: 'DEEP' } } } }],
    ['beside everything', { response: { status_code: 200, body: whole }, more: 'DEEP' }],
    ['in its usage', { response: { status_code: 200, body: { ...whole, usage: { x: 'DEEP' } } } }],
    ['in a body that is text', { response: { status_code: 200, body: `{"a":${nested(100_000)}}` } }],
    ['in a response that is text', { response: `{"status_code":200,"body":${nested(100_000)}}` }],
    ['in a body at top level that is text', { status_code: 200, body: nested(100_000) }],
  ])('%s is a row that nobody can read', (_, parts) => {
    expect(judgedNested(parts, 100_000)).toBe('unrecognised nested_too_deep')
  })

  test('is one by a level too many, and none by a level less', () => {
    const parts = { response: { status_code: 200, body: { ...whole, extra: 'DEEP' } } }
    expect(judgedNested(parts, maxNesting - 2)).toBe('unrecognised nested_too_deep')
    expect(judgedNested(parts, maxNesting - 3)).toBe('success')
  })
})
