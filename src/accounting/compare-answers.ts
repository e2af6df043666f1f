import { isDeepStrictEqual } from 'node:util'
import { answerBody } from './answer-success.js'
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
  return isDeepStrictEqual(answerParts(first.value), answerParts(second.value))
}

function answerParts(line: JsonObject): readonly unknown[] {
  const response = isJsonObject(line['response']) ? line['response'] : {}
  return [response['status_code'] ?? null, answerBody(response) ?? null, line['error'] ?? null]
}
