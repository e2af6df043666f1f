/**
 * Codes behind which only money helps, as servers spell them: asking again never ends. Compared without regard to
 * case and to what stands between the words, so `Insufficient Balance` and `insufficient_balance` are one.
 */
const quotaCodes: ReadonlySet<string> = new Set(
  [
    // OpenAI guide, "Error codes"; Azure and gateways like OpenAI. `billing_…` and `…_spend_limit_exceeded` see below.
    'insufficient_quota',
    'account_deactivated',
    'quota_exceeded',
    // Gateways: LiteLLM budgets, OpenRouter and others with prepaid credit, one-api and new-api.
    'budget_exceeded',
    'insufficient_credits',
    'insufficient_credit',
    'insufficient_funds',
    'insufficient_user_quota',
    'payment_required',
    // DeepSeek API reference, "Error codes" (402), and others with a prepaid balance.
    'insufficient_balance',
    'insufficient_account_balance',
    // Moonshot (Kimi) API reference, "Error codes".
    'exceeded_current_quota_error',
    // DashScope (Model Studio), "Error codes": in arrears, bills that are overdue, a free quota that is used up.
    'Arrearage',
    'PrepaidBillOverdue',
    'PostpaidBillOverdue',
    'CommodityNotPurchased',
    'AllocationQuota.FreeTierOnly',
    // Volcengine Ark, "Error codes".
    'AccountOverdueError',
    'SetLimitExceeded',
    // Huawei Cloud, error codes.
    'InArrearOrInsufficientBalance',
    // GLM (Z.ai), "Error codes": the account is locked, or in arrears.
    '1112',
    '1113',
  ].map(plain),
)

/** `true` for a code (or type) of an error that a person has to pay for first. */
export function isQuotaCode(code: string): boolean {
  const word = plain(code)
  return quotaCodes.has(word) || word.startsWith('billing') || word.endsWith('spendlimitexceeded')
}

function plain(code: string): string {
  return code
    .slice(0, 200)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
}
