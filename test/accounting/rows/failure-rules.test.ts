import { describe, expect, test } from 'vitest'
import { judgeAnswer, type Judgement } from '../../../src/accounting/rows/judge-answer.js'
import { nothingPromised } from '../../../src/accounting/rows/promise.js'
import { answered, unanswered } from './lines.js'

const judged = (status: number, error: unknown): Judgement =>
  judgeAnswer(answered(status, { error }), nothingPromised)

describe('a failure for want of money', () => {
  test.each([
    [402, { message: 'Insufficient Balance', code: 'invalid_request_error' }],
    [402, {}],
    [200, { code: 402, message: 'Insufficient Balance' }],
    [400, { code: 'Arrearage', message: 'Access denied.' }],
    [403, { code: 'AllocationQuota.FreeTierOnly' }],
    [429, { code: 'insufficient_balance' }],
    [429, { code: 'InsufficientBalance' }],
    [429, { type: 'exceeded_current_quota_error', message: 'Your account is suspended.' }],
    [401, { code: 'account_deactivated' }],
    [429, { code: 'AccountOverdueError' }],
    [429, { code: '1113', message: 'in arrears' }],
    [429, { code: 1113, message: 'in arrears' }],
    [429, { code: 'insufficient_quota' }],
    [
      429,
      { code: 429, message: 'You exceeded your current quota, please check your plan and billing details.' },
    ],
    [400, { type: 'invalid_request_error', message: 'Your credit balance is too low to access the API.' }],
    [403, { code: 'quota_exceeded' }],
    [500, { code: 'billing_hard_limit_reached' }],
  ])('%i %j needs a person', (status, error) => {
    expect(judged(status, error)).toMatchObject({ class: 'needs-person', mayRetry: 'when-asked' })
  })

  test.each([
    [429, { code: 'rate_limit_exceeded', message: 'You exceeded your current quota per minute.' }],
    [429, { code: 'Throttling.AllocationQuota', message: 'Allocated quota exceeded.' }],
    [429, { type: 'engine_overloaded_error' }],
    [429, { type: 'rate_limit_reached_error' }],
    [429, { code: 'RESOURCE_EXHAUSTED' }],
    [503, { code: 'slow_down' }],
  ])('%i %j passes by itself', (status, error) => {
    expect(judged(status, error)).toMatchObject({ class: 'transient', mayRetry: 'by-itself' })
  })
})

describe('money comes before what passes by itself', () => {
  const passing = [408, 409, 425, 429, 500, 503, 0]
  const quota = ['insufficient_quota', 'InsufficientBalance', 'Arrearage', 'billing_not_active']

  test.each(passing.flatMap((status) => quota.map((code) => [status, code] as const)))(
    'status %i with code %s needs a person',
    (status, code) => {
      const needsPerson = { class: 'needs-person', mayRetry: 'when-asked' }
      expect(judged(status, { code })).toMatchObject(needsPerson)
      expect(judged(status, { type: code, code: 'rate_limit_exceeded' })).toMatchObject(needsPerson)
      expect(judged(status, { type: 'server_error', code })).toMatchObject(needsPerson)
    },
  )

  test.each(passing)('status %i with words about money and no code that passes needs a person', (status) => {
    const message = 'You exceeded your current quota, please check your plan and billing details.'
    expect(judged(status, { message })).toMatchObject({ class: 'needs-person' })
  })

  test.each(passing)('status %i without a word about money passes', (status) => {
    expect(judged(status, { message: 'Try again later.' })).toMatchObject({ class: 'transient' })
  })
})

describe('a request that was not executed', () => {
  test.each(['batch_cancelled', 'batch_canceled', 'BATCH_CANCELLED', 'request_cancelled', 'cancelled'])(
    '%s is sent again only when a person asks',
    (code) => {
      expect(judgeAnswer(unanswered({ code }), nothingPromised)).toMatchObject({
        class: 'not-executed',
        mayRetry: 'when-asked',
      })
    },
  )

  test.each(['batch_expired', 'batch_failed', 'batch_interrupted'])('%s is sent again by itself', (code) => {
    expect(judgeAnswer(unanswered({ code }), nothingPromised)).toMatchObject({
      class: 'not-executed',
      mayRetry: 'by-itself',
    })
  })
})
