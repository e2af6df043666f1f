import { describe, expect, test } from 'vitest'
import { isQuotaCode } from '../../../src/accounting/rows/quota-words.js'

describe('a code behind which only money helps', () => {
  test.each([
    'insufficient_quota',
    'INSUFFICIENT_QUOTA',
    'InsufficientQuota',
    'billing_hard_limit_reached',
    'billing_not_active',
    'org_spend_limit_exceeded',
    'project_spend_limit_exceeded',
    'budget_exceeded',
    'Arrearage',
    'arrearage',
    'insufficient_balance',
    'Insufficient Balance',
    'InsufficientBalance',
    'exceeded_current_quota_error',
    'insufficient_user_quota',
    'AccountOverdueError',
    'payment_required',
  ])('%s', (code) => expect(isQuotaCode(code)).toBe(true))

  test.each([
    '',
    'quota',
    'rate_limit_exceeded',
    'Throttling.RateQuota',
    'Throttling.AllocationQuota',
    'token_limit_exceeded',
    'balance',
    'server_error',
    'invalid_request_error',
    '402',
  ])('is not "%s"', (code) => expect(isQuotaCode(code)).toBe(false))
})
