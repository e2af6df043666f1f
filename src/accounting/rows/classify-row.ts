import { nestedTooDeep, nestedTooDeepMessage } from '../json-text/nesting.js'
import type { Answer } from './answer.js'
import { asText, isRecord, type JsonRecord } from './json-record.js'
import { readAnswer } from './read-answer.js'
import { noDetails, readLineError, type LineError, type ResultLine } from './result-line.js'
import { boundedMessage, type RowClass, type RowError } from './row-class.js'

/** The verdict on a row before anybody looked at its content. */
export interface RowClassification {
  readonly class: Exclude<RowClass, 'rejected'>
  /** `null` exactly when the row is a success. */
  readonly error: RowError | null
  /** There for `success` and `semantic`. */
  readonly answer: Answer | null
}

/**
 * Says what happened to a request; the first rule that fits decides. A row may stand in either file, and its
 * error inside of the body, beside the response, or both (github.com/openai/openai-openapi/issues/302).
 */
export function classifyRow(line: ResultLine): RowClassification {
  if (!line.isUnderstood) return unrecognised(line, 'The row has no answer and no error.')
  const failed = readFailure(line)
  if (failed !== null) return classifyFailure(failed)
  if (isEmptyBody(line.body)) return failure('transient', 'empty_body', 'The answer came without a body.')
  if (!isRecord(line.body)) return unrecognised(line, 'The body of the answer is no JSON object.')
  const answer = readAnswer(line.body)
  return { class: answer.semantic === null ? 'success' : 'semantic', error: answer.semantic, answer }
}

function unrecognised({ isNestedTooDeep }: ResultLine, message: string): RowClassification {
  return isNestedTooDeep
    ? failure('needs-person', nestedTooDeep, nestedTooDeepMessage('The row'))
    : failure('needs-person', 'unrecognised_row', message)
}

interface Failure {
  readonly status: number | null
  /** Codes first, then types: the first one is shown, any one may decide. */
  readonly codes: readonly string[]
  readonly message: string | null
}

function readFailure(line: ResultLine): Failure | null {
  const body = isRecord(line.body) ? line.body : null
  const isSuccessful = line.statusCode !== null && line.statusCode >= 200 && line.statusCode < 300
  const bodyError = body === null ? null : readBodyError(body, isSuccessful)
  if (isSuccessful && line.error === null && bodyError === null) return null
  const errors = [line.error, bodyError].filter((error) => error !== null)
  return {
    status: line.statusCode ?? errors.find((error) => error.status !== null)?.status ?? null,
    codes: [...errors.map((error) => error.code), ...errors.map((error) => error.type)].filter(
      (code) => code !== null,
    ),
    message: errors.find((error) => error.message !== null)?.message ?? asText(line.body),
  }
}

// vLLM and its relatives write the details straight into the body of a failed request.
function readBodyError(body: JsonRecord, isSuccessful: boolean): LineError | null {
  const error = readLineError(body['error'])
  if (error !== null) return error
  if (!isSuccessful || body['object'] === 'error') return readLineError(body)
  return body['status'] === 'failed' ? { ...noDetails, code: 'response_failed' } : null
}

function classifyFailure({ status, codes, message }: Failure): RowClassification {
  const rule = rules.find((candidate) => candidate.fits(codes, status))
  const code = rule?.codeOf?.(codes) ?? codes[0] ?? (status === null ? 'unknown_error' : `http_${status}`)
  return failure(rule?.class ?? 'permanent', code, message ?? defaultMessage(status))
}

function defaultMessage(status: number | null): string {
  return status === null ? 'The server gave no reason.' : `The request ended with HTTP status ${status}.`
}

function failure(rowClass: RowClassification['class'], code: string, message: string): RowClassification {
  return {
    class: rowClass,
    error: { code: code.slice(0, 200), message: boundedMessage(message) },
    answer: null,
  }
}

interface Rule {
  readonly class: 'not-executed' | 'needs-person' | 'transient'
  readonly fits: (codes: readonly string[], status: number | null) => boolean
  /** The code that made the rule fit, which tells more than the first one. */
  readonly codeOf?: (codes: readonly string[]) => string | undefined
}

// Money comes before statuses: a 429 for want of quota looks like a busy server, and a retry of it never ends.
const rules: readonly Rule[] = [
  byCode('not-executed', (code) => notExecutedCodes.has(code)),
  byCode('needs-person', isMoneyCode),
  byCode('transient', (code) => passingCodes.has(code)),
  { class: 'transient', fits: (_, status) => status !== null && isPassingStatus(status) },
  { class: 'needs-person', fits: (_, status) => status === 401 || status === 403 },
]

function byCode(rowClass: Rule['class'], isMeant: (code: string) => boolean): Rule {
  return { class: rowClass, fits: (codes) => codes.some(isMeant), codeOf: (codes) => codes.find(isMeant) }
}

// OpenAI Batch guide ("batch_expired"), and the words of compatible servers for the same thing.
const notExecutedCodes: ReadonlySet<string> = new Set([
  'batch_expired',
  'batch_cancelled',
  'batch_failed',
  'batch_interrupted',
  'runner_lost',
])

const passingCodes: ReadonlySet<string> = new Set(['server_error', 'rate_limit_exceeded'])

const moneyCodes: ReadonlySet<string> = new Set([
  'insufficient_quota',
  'insufficient_credits',
  'budget_exceeded',
])

function isMoneyCode(code: string): boolean {
  return moneyCodes.has(code) || code.startsWith('billing_') || code.endsWith('_spend_limit_exceeded')
}

function isPassingStatus(status: number): boolean {
  return status === 0 || [408, 409, 425, 429].includes(status) || status >= 500
}

function isEmptyBody(body: unknown): boolean {
  return body === null || body === '' || (isRecord(body) && Object.keys(body).length === 0)
}
