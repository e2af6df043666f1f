import { isDeepStrictEqual } from 'node:util'
import { answerBody } from './answer-success.js'
import { inexactNumbers } from './json-text/inexact-numbers.js'
import { type JsonObject, decodeBytes, isJsonObject } from './decode-line.js'

/**
 * Whether two lines give the same answer. The envelope's `id` and the `request_id` are left out: a server that
 * writes one answer twice numbers the lines anew.
 */
export function isSameAnswer(earlier: Buffer, later: Buffer): boolean {
  if (earlier.equals(later)) return true
  const first = decodeBytes(earlier)
  const second = decodeBytes(later)
  if (first.type !== 'object' || second.type !== 'object') return false
  if (first.isNestedTooDeep || second.isNestedTooDeep) return false
  // Two numbers that a double rounds to the same value are two numbers.
  if (!isDeepStrictEqual([...inexactNumbers(first.text)], [...inexactNumbers(second.text)])) return false
  return isDeepStrictEqual(answerParts(first.value), answerParts(second.value))
}

function answerParts(line: JsonObject): readonly unknown[] {
  const response = isJsonObject(line['response']) ? line['response'] : {}
  return [response['status_code'] ?? null, answerBody(response) ?? null, line['error'] ?? null]
}
