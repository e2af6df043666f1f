import { isDeepStrictEqual } from 'node:util'
import { isAnswerLine } from '../dialects/row-dialects.js'
import { isJsonObject, type JsonObject } from '../decode-line.js'
import { promiseOf, type RequestPromise } from '../rows/promise.js'
import { PatternKnowledge } from './pattern-knowledge.js'
import { probeOf } from './probe.js'
import type { PlainRow } from './scanned-rows.js'

/** What is known of all requests of a pattern. */
export interface PlainRequest {
  readonly promise: RequestPromise
  /** The endpoint, as the request names it. */
  readonly url: unknown
}

const knowledge = new PatternKnowledge<PlainRequest>()

/** What an earlier request of the same pattern was; `undefined` when there was none. */
export function plainRequest({ pattern }: PlainRow): PlainRequest | undefined {
  return knowledge.of(pattern)
}

/** Learns what a request is that was parsed, for those of its pattern that need not be. */
export function learnRequest(row: PlainRow, value: JsonObject): void {
  if (!row.mayLearn) return
  const request = requestIn(value)
  const probe = request === null ? null : probeOf(row)
  if (probe === null || !isDeepStrictEqual(request, requestIn(JSON.parse(probe.text)))) return
  const pattern = row.learn()
  if (pattern !== 0 && request !== null) knowledge.learn(pattern, request)
}

/** `null` for what is no request. */
function requestIn(value: unknown): PlainRequest | null {
  if (!isJsonObject(value) || isAnswerLine(value)) return null
  return { promise: promiseOf(value), url: value['url'] }
}
