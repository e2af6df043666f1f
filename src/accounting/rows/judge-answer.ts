import { traitsOf, type RowClass, type RowRetry } from '../../../machines/index.js'
import { dialectOfValue } from '../dialect.js'
import { nestedTooDeep, nestedTooDeepMessage } from '../json-text/nesting.js'
import { emptyAnswer, type Answer } from './answer.js'
import { failureOf, judgeFailure, type Failure } from './failure-rules.js'
import { asText, isRecord, type JsonRecord } from './json-record.js'
import { isSuccessStatus, noDetails, readLineError, saysNothing, type LineError } from './line-error.js'
import type { AnswerShape, RequestPromise } from './promise.js'
import { readAnswer } from './read-answer.js'
import { isRequest, type ResultLine } from './result-line.js'
import { boundedMessage, type RowError } from './row-class.js'

/** The verdict on a row before anybody looked at its content. */
export interface Judgement {
  readonly class: Exclude<RowClass, 'rejected'>
  /** `null` exactly when the row is a success. */
  readonly error: RowError | null
  /** There when an answer came, whole or not. */
  readonly answer: Answer | null
  /** Who may have the request sent again; follows from the class unless the row's own words say more. */
  readonly mayRetry: RowRetry
}

/**
 * Says what happened to a request; the first rule that fits decides. The only judge: which row counts, the proof, the
 * results and every retry go by what it says. A row is a success only when its body is of the shape that the
 * request's endpoint promises, holds everything that was asked for, and stopped for a reason known to be good.
 *
 * A row may stand in either file, and its error inside of the body, beside the response, or both
 * (github.com/openai/openai-openapi/issues/302). Never throws.
 */
export function judgeAnswer(line: ResultLine, promise: RequestPromise): Judgement {
  if (line.isTooDeep) return tooDeep
  if (!line.isUnderstood) return notUnderstood(line)
  const failed = readFailure(line)
  if (failed !== null) return judgedFailure(failed)
  if (isEmptyBody(line.body)) return emptyBody
  if (!isRecord(line.body)) {
    return unrecognised('unrecognised_body', 'The body of the answer is no JSON object.')
  }
  return judgeBody(line.body, promise)
}

function judgeBody(body: JsonRecord, promise: RequestPromise): Judgement {
  const reading = readAnswer(body, promise)
  switch (reading.type) {
    case 'answer':
      return judgement(reading.answer.fault?.class ?? 'success', reading.answer.fault, reading.answer)
    case 'echo':
      return requestEcho
    case 'wrong-shape':
      return unrecognised('wrong_shape', wrongShape(promise.shape, reading.shape, body))
    case 'unknown':
      return unrecognised('unrecognised_body', wrongShape(promise.shape, null, body))
  }
}

function judgement(
  rowClass: Judgement['class'],
  error: RowError | null,
  answer: Answer | null,
  mayRetry: RowRetry | null = null,
): Judgement {
  const shown = error === null ? null : { code: error.code, message: error.message }
  return { class: rowClass, error: shown, answer, mayRetry: mayRetry ?? traitsOf(rowClass).mayRetry }
}

function unrecognised(code: string, message: string): Judgement {
  return judgement('unrecognised', { code, message }, null)
}

const tooDeep = unrecognised(nestedTooDeep, nestedTooDeepMessage('The row'))

const requestEcho = unrecognised('request_echo', 'The row holds the request, not an answer to it.')

const emptyBody = judgement(
  'semantic',
  { code: 'empty_body', message: 'The answer came without a body.' },
  emptyAnswer('opaque', {}),
)

function notUnderstood({ raw }: ResultLine): Judgement {
  if (isRecord(raw) && isRequest(raw)) return requestEcho
  return unrecognised('unrecognised_row', `The row has no answer and no error${lookOf(raw)}.`)
}

function lookOf(value: unknown): string {
  const dialect = dialectOfValue(value)
  return dialect === null ? '' : `; it looks like ${dialect}`
}

function wrongShape(promised: AnswerShape, found: AnswerShape | null, body: JsonRecord): string {
  const other = found === null ? `has not the shape of one${lookOf(body)}` : `has the shape of ${found}`
  return `The request asked for ${promised}; the body of the row ${other}.`
}

function readFailure(line: ResultLine): Failure | null {
  const body = isRecord(line.body) ? line.body : null
  const hasFailed = line.statusCode !== null && !isSuccessStatus(line.statusCode)
  const bodyError = body === null ? null : readBodyError(body, hasFailed)
  if (!hasFailed && line.error === null && bodyError === null) return null
  const errors = [line.error, bodyError].filter((error) => error !== null)
  return failureOf(line.statusCode, errors, asText(line.body))
}

// vLLM and its relatives write the details straight into the body of a failed request.
function readBodyError(body: JsonRecord, hasFailed: boolean): LineError | null {
  const error = readLineError(body['error'])
  if (error !== null) return error
  if (hasFailed || isErrorObject(body)) return readLineError(body)
  return body['status'] === 'failed' ? { ...noDetails, code: 'response_failed' } : null
}

/** `object` is vLLM's word, `type` Anthropic's; DashScope has neither, only a code and a message. */
function isErrorObject(body: JsonRecord): boolean {
  if (body['object'] === 'error' || body['type'] === 'error') return true
  const isBare = ['choices', 'output', 'data', 'results'].every((field) => body[field] === undefined)
  return isBare && !saysNothing(body['code']) && asText(body['message']) !== null
}

function judgedFailure(failed: Failure): Judgement {
  const { status, codes, message } = failed
  const verdict = judgeFailure(failed)
  const code = verdict.code ?? codes[0] ?? (status === null ? 'unknown_error' : `http_${status}`)
  const error = { code: code.slice(0, 200), message: boundedMessage(message ?? defaultMessage(status)) }
  return judgement(verdict.class, error, null, verdict.mayRetry)
}

function defaultMessage(status: number | null): string {
  return status === null ? 'The server gave no reason.' : `The request ended with HTTP status ${status}.`
}

function isEmptyBody(body: unknown): boolean {
  return body === null || body === '' || (isRecord(body) && Object.keys(body).length === 0)
}
