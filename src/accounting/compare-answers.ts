import { isDeepStrictEqual } from 'node:util'
import { decodeBytes } from './decode-line.js'
import { inexactNumbers } from './json-text/inexact-numbers.js'
import { answerTexts } from './rows/answer-texts.js'
import type { Answer } from './rows/answer.js'
import { isRecord } from './rows/json-record.js'
import { judgeAnswer } from './rows/judge-answer.js'
import type { RequestPromise } from './rows/promise.js'
import { readResultLine, type ResultLine } from './rows/result-line.js'

/**
 * Whether two lines say the same to one request. Compared is what was said: contents and calls of an answer, code and
 * message of a failure. Left out is what a server makes up anew each time it writes one answer: ids, times, its
 * fingerprint, and the count of tokens.
 */
export function isSameAnswer(earlier: Buffer, later: Buffer, promise: RequestPromise): boolean {
  if (earlier.equals(later)) return true
  const first = saidIn(earlier, promise)
  return first !== null && isDeepStrictEqual(first, saidIn(later, promise))
}

/** `null` for a line that is not understood: it is like another one only byte for byte. */
function saidIn(bytes: Buffer, promise: RequestPromise): readonly unknown[] | null {
  const decoded = decodeBytes(bytes)
  if (decoded.type !== 'object') return null
  const line = readResultLine(decoded.value, { file: null, line: null }, decoded)
  const { class: rowClass, error, answer } = judgeAnswer(line, promise)
  if (rowClass === 'unrecognised') return null
  return answer === null ? [rowClass, error] : [rowClass, error, ...saidBy(answer), roundedIn(line, answer)]
}

/** Two numbers that a double rounds to the same value are two numbers. */
function roundedIn(line: ResultLine, answer: Answer): readonly string[] {
  const { contents, toolCalls } = answerTexts(line, answer)
  return [toolCalls, ...contents].flatMap((json) => (json === null ? [] : [...inexactNumbers(json)]))
}

function saidBy({ shape, content, contents, toolCalls }: Answer): readonly unknown[] {
  return [shape, withoutNames(content), contents, toolCalls?.map(withoutNames) ?? null]
}

/** Fields of a body, an audio answer or a call that name it and say nothing. */
const namingFields: ReadonlySet<string> = new Set([
  'id',
  'call_id',
  'request_id',
  'created',
  'created_at',
  'completed_at',
  'expires_at',
  'system_fingerprint',
  'service_tier',
  'usage',
])

function withoutNames(value: unknown): unknown {
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([field]) => !namingFields.has(field)))
}
