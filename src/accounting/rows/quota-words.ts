/**
 * Codes behind which only money helps, as servers spell them: asking again never ends. Compared without regard to
 * case and to what stands between the words, so `Insufficient Balance` and `insufficient_balance` are one.
 */
const quotaCodes: ReadonlySet<string> = new Set(
  [
    // OpenAI, error codes.
    'insufficient_quota',
    'billing_hard_limit_reached',
    'billing_not_active',
    // Gateways: LiteLLM budgets, OpenRouter and others with prepaid credit, one-api and new-api.
    'budget_exceeded',
    'insufficient_credits',
    'insufficient_credit',
    'insufficient_funds',
    'insufficient_user_quota',
    'payment_required',
    // DeepSeek (402) and others with a prepaid balance.
    'insufficient_balance',
    // Moonshot (Kimi), error types.
    'exceeded_current_quota_error',
    // DashScope (Model Studio), error codes: the account is in arrears, a bill is overdue, the free tier is used up.
    'Arrearage',
    'PrepaidBillOverdue',
    'PostpaidBillOverdue',
    'AllocationQuota.FreeTierOnly',
    // Volcengine Ark, error codes.
    'AccountOverdueError',
    // Huawei Cloud, error codes.
    'InArrearOrInsufficientBalance',
  ].map(plain),
)

/** `true` for a code (or type) of an error that a person has to pay for first. */
export function isQuotaCode(code: string): boolean {
  const word = plain(code)
  return quotaCodes.has(word) || word.endsWith('spendlimitexceeded')
}

function plain(code: string): string {
  return code.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}
