import { describe, expect, test } from 'vitest'
import { judgeAnswer, type Judgement } from '../../../src/accounting/rows/judge-answer.js'
import { nothingPromised } from '../../../src/accounting/rows/promise.js'
import { readResultLine, type ResultLine } from '../../../src/accounting/rows/result-line.js'
import { answered, chat, unanswered } from './lines.js'

const failed = (status: number, error: unknown): ResultLine => answered(status, { error })
const good = chat({ content: 'hi' })

const judge = (line: ResultLine): Judgement => judgeAnswer(line, nothingPromised)

const table: [string, ResultLine, string, string | null][] = [
  [
    'an expired request',
    unanswered({ code: 'batch_expired', message: 'm' }),
    'not-executed',
    'batch_expired',
  ],
  ['a cancelled request', unanswered({ code: 'batch_cancelled' }), 'not-executed', 'batch_cancelled'],
  ['a request of a failed batch', unanswered({ code: 'batch_failed' }), 'not-executed', 'batch_failed'],
  ['an interrupted request', unanswered({ code: 'batch_interrupted' }), 'not-executed', 'batch_interrupted'],
  ['a lost runner', unanswered({ code: 'runner_lost' }), 'not-executed', 'runner_lost'],
  ['status 0 with an empty body', answered(0, {}), 'transient', 'http_0'],
  ['408', failed(408, { message: 'm' }), 'transient', 'http_408'],
  ['409', failed(409, { message: 'm' }), 'transient', 'http_409'],
  ['425', failed(425, { message: 'm' }), 'transient', 'http_425'],
  ['429', failed(429, { code: 'rate_limit_exceeded', type: 'tokens' }), 'transient', 'rate_limit_exceeded'],
  ['429 without a code', failed(429, { code: null, type: 'requests' }), 'transient', 'requests'],
  ['500', failed(500, { code: 'server_error', type: 'server_error' }), 'transient', 'server_error'],
  ['503 with a null code', failed(503, { code: null, type: 'server_error' }), 'transient', 'server_error'],
  ['529 with no body', answered(529, null), 'transient', 'http_529'],
  ['200 with no body', answered(200, null), 'semantic', 'empty_body'],
  ['200 with an empty body', answered(200, {}), 'semantic', 'empty_body'],
  ['200 with empty text', answered(200, ''), 'semantic', 'empty_body'],
  [
    '200 whose body failed for the rate',
    answered(200, { object: 'response', status: 'failed', error: { code: 'rate_limit_exceeded' } }),
    'transient',
    'rate_limit_exceeded',
  ],
  [
    '200 whose body failed on the server',
    answered(200, { object: 'response', status: 'failed', error: { code: 'server_error' } }),
    'transient',
    'server_error',
  ],
  [
    '200 whose body failed for good',
    answered(200, { object: 'response', status: 'failed', error: { code: 'invalid_prompt', message: 'm' } }),
    'permanent',
    'invalid_prompt',
  ],
  [
    '200 whose body failed without a word',
    answered(200, { object: 'response', status: 'failed', error: null }),
    'permanent',
    'response_failed',
  ],
  [
    '429 for want of quota',
    failed(429, { code: 'insufficient_quota', type: 'insufficient_quota' }),
    'needs-person',
    'insufficient_quota',
  ],
  [
    '429 with quota in the type only',
    failed(429, { code: null, type: 'insufficient_quota' }),
    'needs-person',
    'insufficient_quota',
  ],
  [
    'a hard limit',
    failed(429, { code: 'billing_hard_limit_reached' }),
    'needs-person',
    'billing_hard_limit_reached',
  ],
  ['billing switched off', failed(400, { code: 'billing_not_active' }), 'needs-person', 'billing_not_active'],
  [
    'a spend limit',
    failed(429, { code: 'project_spend_limit_exceeded' }),
    'needs-person',
    'project_spend_limit_exceeded',
  ],
  ['no credits', unanswered({ code: 'insufficient_credits' }), 'needs-person', 'insufficient_credits'],
  ['no budget', failed(400, { code: 'budget_exceeded' }), 'needs-person', 'budget_exceeded'],
  ['401', failed(401, { code: 'invalid_api_key' }), 'needs-person', 'invalid_api_key'],
  ['403', failed(403, { message: 'no' }), 'needs-person', 'http_403'],
  [
    '400 with a null code',
    failed(400, { message: 'm', type: 'invalid_request_error', code: null }),
    'permanent',
    'invalid_request_error',
  ],
  ['400 with a numeric code', failed(400, { message: 'm', code: 400 }), 'permanent', 'http_400'],
  [
    'a context that is too long',
    failed(400, { code: 'context_length_exceeded' }),
    'permanent',
    'context_length_exceeded',
  ],
  ['413', failed(413, {}), 'permanent', 'http_413'],
  ['404', failed(404, { code: 'model_not_found' }), 'permanent', 'model_not_found'],
  [
    '422 with the details in the body itself',
    answered(422, { object: 'error', message: 'm', type: 'BadRequest', code: 422 }),
    'permanent',
    'BadRequest',
  ],
  ['a body of text', answered(400, 'Bad Request'), 'permanent', 'http_400'],
  [
    'an error without response and with a status for a code',
    unanswered({ code: 503, message: 'm' }),
    'transient',
    'http_503',
  ],
  ['an error of an unknown kind', unanswered({ code: 'gremlins', message: 'm' }), 'permanent', 'gremlins'],
  ['an error that says nothing', unanswered({}), 'unrecognised', 'unrecognised_row'],
  [
    'both a response and an error',
    answered(
      503,
      { error: { type: 'server_error', code: null } },
      { code: 'server_error', message: 'overloaded' },
    ),
    'transient',
    'server_error',
  ],
  [
    'a good body beside an error',
    answered(200, good, { code: 'batch_expired', message: 'm' }),
    'not-executed',
    'batch_expired',
  ],
  ['a body that is a list', answered(200, [1]), 'unrecognised', 'unrecognised_body'],
  ['a truncated answer', answered(200, chat({ content: 'h' }, 'length')), 'semantic', 'truncated'],
  ['an answer', answered(200, good), 'success', null],
  ['an answer as JSON text', answered(200, JSON.stringify(good)), 'success', null],
  ['an answer with a null error in its body', answered(200, { ...good, error: null }), 'success', null],
]

describe('judgeAnswer', () => {
  test.each(table)('%s', (_, line, rowClass, code) => {
    const verdict = judge(line)
    expect([verdict.class, verdict.error?.code ?? null]).toEqual([rowClass, code])
  })

  test('says the same of a row in either file', () => {
    for (const [, line] of table) {
      const inErrorFile = readResultLine(line.raw, { file: 'error', line: 1 })
      expect(judge(inErrorFile)).toEqual(judge(line))
    }
  })

  test('keeps the message of the server, bounded', () => {
    expect(judge(failed(400, { message: 'max_tokens is too large' })).error?.message).toBe(
      'max_tokens is too large',
    )
    expect(judge(failed(400, { message: 'x'.repeat(9_000) })).error?.message).toHaveLength(2_000)
    expect(judge(answered(400, 'Bad Request')).error?.message).toBe('Bad Request')
  })
})
