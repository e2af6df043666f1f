import { modelIn } from '../rows/answer.js'
import { asRecord, isRecord, type JsonRecord } from '../rows/json-record.js'
import type { ResultLine } from '../rows/result-line.js'
import { tokensOf, type TokenCounts } from './token-counts.js'

/** What a row says of the tokens that were paid for it. */
export type PaidRow =
  | { readonly type: 'paid'; readonly model: string | null; readonly tokens: TokenCounts }
  /** There is an answer, and nobody can tell what it took. */
  | { readonly type: 'untold' }
  /** There is no answer of a model: refused, failed or never run. */
  | { readonly type: 'unanswered' }

/** Looks at nothing but the tokens: an answer that was cut, refused or turned down was paid for as well. */
export function paidRowOf(line: ResultLine): PaidRow {
  const { model, usage } = paidPartsOf(line)
  if (usage === null) return unpaidRowOf(line)
  const tokens = tokensOf(usage)
  return tokens === null ? { type: 'untold' } : { type: 'paid', model, tokens }
}

/** What a row says that has no `usage`. */
export function unpaidRowOf(line: ResultLine): Exclude<PaidRow, { type: 'paid' }> {
  return { type: line.isTooDeep || hasAnswer(line) ? 'untold' : 'unanswered' }
}

/** Where a row says what was paid. */
export function paidPartsOf({ body }: ResultLine): {
  readonly model: string | null
  readonly usage: JsonRecord | null
} {
  return isRecord(body)
    ? { model: modelIn(body), usage: asRecord(body['usage']) }
    : { model: null, usage: null }
}

/** By its status: only what the endpoint answered well is sure to be billed. */
const hasAnswer = ({ statusCode, body, error }: ResultLine): boolean =>
  isRecord(body) && (statusCode === 200 || (statusCode === null && error === null))

/** By which an answer is known: the server's name for it; without one, that of the row, or the beginning of the row. */
export function answerKey(customId: string, { body, id, text }: ResultLine): string {
  const answer = asRecord(body)?.['id']
  const name = (typeof answer === 'string' ? answer : null) ?? id ?? text ?? ''
  return `${customId} ${name}`.slice(0, longestKey)
}

/** In characters. */
const longestKey = 1_000
