import { traitsOf, type RowClass, type RowRetry } from '../../../machines/index.js'
import { isSuccessStatus, type LineError } from './line-error.js'
import { isQuotaCode } from './quota-words.js'

/** What is known of a request that failed. */
export interface Failure {
  readonly status: number | null
  /** Codes first, then types: the first one is shown, any one may decide. */
  readonly codes: readonly string[]
  readonly message: string | null
}

/** What a failure comes to. */
export interface FailureVerdict {
  readonly class: Extract<RowClass, 'not-executed' | 'needs-person' | 'transient' | 'permanent'>
  /** The code that decided, which tells more than the first one; `null` when none did. */
  readonly code: string | null
  /** Set where the row's own words say more than its class. */
  readonly mayRetry: RowRetry | null
}

/** Puts the errors of one row together; they may stand beside the response, in its body, or in both. */
export function failureOf(status: number | null, errors: readonly LineError[], text: string | null): Failure {
  const words = [...errors.map(({ code }) => code), ...errors.map(({ type }) => type)]
  return {
    status: failing(status) ?? errors.find((error) => failing(error.status) !== null)?.status ?? null,
    codes: words.filter((word) => word !== null),
    message: errors.find(({ message }) => message !== null)?.message ?? text,
  }
}

/** A status that says all is well decides nothing beside an error. */
function failing(status: number | null): number | null {
  return status === null || isSuccessStatus(status) ? null : status
}

/** The first rule that fits decides; what fits none will fail again. */
export function judgeFailure(failure: Failure): FailureVerdict {
  for (const rule of rules) {
    const fit = rule.fits(failure)
    if (fit !== null) return { class: rule.class, code: fit.code, mayRetry: rule.mayRetry ?? null }
  }
  return { class: 'permanent', code: null, mayRetry: null }
}

/** Who may have a request sent again that no file mentions. `code`: `batch_` and how the batch ended. */
export function mayRetryMissing(code: string): RowRetry {
  return cancelledCodes.has(code) ? 'when-asked' : traitsOf('not-executed').mayRetry
}

/** Somebody stopped the batch before it came to this request, which therefore did not fail. */
export function wasStopped(rowClass: RowClass, code: string | null): boolean {
  return rowClass === 'not-executed' && code !== null && cancelledCodes.has(normalised(code))
}

interface Rule {
  readonly class: FailureVerdict['class']
  readonly mayRetry?: RowRetry
  readonly fits: (failure: Failure) => { readonly code: string | null } | null
}

// Money comes before statuses: a 429 for want of quota looks like a busy server, and a retry of it never ends.
const rules: readonly Rule[] = [
  // Somebody wanted it to stop, so nothing of it is sent again before somebody wants that.
  { class: 'not-executed', mayRetry: 'when-asked', fits: byCode((code) => cancelledCodes.has(code)) },
  { class: 'not-executed', fits: byCode((code) => notExecutedCodes.has(code)) },
  { class: 'needs-person', fits: byCode(isQuotaCode) },
  { class: 'needs-person', fits: byStatus((status) => status === 402) },
  { class: 'transient', fits: byCode((code) => passingCodes.has(code) || code.startsWith('throttling')) },
  { class: 'needs-person', fits: ({ message }) => (speaksOfMoney(message) ? { code: null } : null) },
  { class: 'transient', fits: byStatus(isPassingStatus) },
  { class: 'needs-person', fits: byStatus((status) => status === 401 || status === 403) },
  { class: 'needs-person', fits: byCode((code) => accessCodes.has(code)) },
]

function byCode(isMeant: (code: string) => boolean): Rule['fits'] {
  return ({ codes }) => {
    const code = codes.find((each) => isMeant(normalised(each)))
    return code === undefined ? null : { code }
  }
}

function byStatus(isMeant: (status: number) => boolean): Rule['fits'] {
  return ({ status }) => (status !== null && isMeant(status) ? { code: null } : null)
}

/** `InsufficientBalance`, `insufficient-balance` and `insufficient_balance` are one code. */
function normalised(code: string): string {
  return code
    .slice(0, 200)
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
}

const cancelledCodes: ReadonlySet<string> = new Set([
  'batch_cancelled',
  'batch_canceled',
  'request_cancelled',
  'request_canceled',
  'cancelled',
  'canceled',
])

// OpenAI Batch guide ("batch_expired"), and the words of compatible servers for the same thing.
const notExecutedCodes: ReadonlySet<string> = new Set([
  'batch_expired',
  'request_expired',
  'batch_failed',
  'batch_interrupted',
  'runner_lost',
])

const passingCodes: ReadonlySet<string> = new Set([
  'server_error',
  'rate_limit_exceeded',
  // OpenAI guide, "Error codes": 503 "Slow Down".
  'slow_down',
  'server_is_overloaded',
  // Anthropic API reference, "Errors".
  'overloaded_error',
  'rate_limit_error',
  // Moonshot API reference, "Error codes".
  'engine_overloaded_error',
  'rate_limit_reached_error',
  // vLLM and its relatives.
  'internal_server_error',
  'service_unavailable',
  'service_unavailable_error',
])

/** For servers that have no code for it; a code that passes comes first (Gemini speaks of quota for a full minute). */
function speaksOfMoney(message: string | null): boolean {
  return message !== null && moneyWords.test(message.slice(0, 1_000))
}

const moneyWords =
  /\binsufficient (?:account )?(?:balance|quota|credits?|funds)\b|\bcredit balance is too low\b|\bin arrears\b|\bexceeded your current quota\b/i

const accessCodes: ReadonlySet<string> = new Set([
  'invalid_api_key',
  'authentication_error',
  'permission_error',
  'permission_denied',
  'unauthorized',
])

function isPassingStatus(status: number): boolean {
  return status === 0 || [408, 409, 425, 429].includes(status) || status >= 500
}
