import { isDeepStrictEqual } from 'node:util'
import { judgeAnswer, type Judgement } from '../rows/judge-answer.js'
import type { RequestPromise } from '../rows/promise.js'
import { readResultLine } from '../rows/result-line.js'
import { probeOf } from './probe.js'
import type { PlainRow } from './scanned-rows.js'

/** What the judge says of all rows of a pattern that answer requests with the same promise: each is a success. */
export interface PlainSuccess {
  readonly promise: RequestPromise
  /** The endpoint is not known, and nobody checked the body. */
  readonly isOpaque: boolean
}

const known: (PlainSuccess[] | undefined)[] = []
/** Requests of one pattern of answers that promise different things: numbers of vectors, say. */
const maxPromises = 64

/** The verdict on an earlier row of the same pattern; `undefined` when there was none. */
export function plainSuccess({ pattern }: PlainRow, promise: RequestPromise): PlainSuccess | undefined {
  const successes = pattern === 0 ? undefined : known[pattern]
  return successes?.find((success) => isSamePromise(success.promise, promise))
}

/**
 * Learns from a row that was judged, for those of its pattern that need not be. Only successes are learned: of any
 * other row somebody wants to see the words.
 */
export function learnSuccess(row: PlainRow, promise: RequestPromise, judgement: Judgement): void {
  if (judgement.class !== 'success') return
  const probe = probeOf(row)
  if (probe === null || !isSameVerdict(judgement, judgeProbe(probe.text, promise))) return
  const pattern = row.pattern === 0 ? row.learn() : row.pattern
  if (pattern === 0) return
  const successes = (known[pattern] ??= [])
  const isOpaque = judgement.answer?.shape === 'opaque'
  if (successes.length < maxPromises) successes.push({ promise, isOpaque })
}

function judgeProbe(text: string, promise: RequestPromise): Judgement {
  const source = { file: null, line: null }
  return judgeAnswer(readResultLine(JSON.parse(text), source, { text, isTooDeep: false }), promise)
}

/** The contents differ, and are not looked at. */
function isSameVerdict(one: Judgement, other: Judgement): boolean {
  const said = ({ class: rowClass, error, mayRetry, answer }: Judgement): readonly unknown[] => [
    rowClass,
    error,
    mayRetry,
    answer?.shape,
    answer?.finishReason,
    answer?.contents?.length,
    answer?.toolCalls?.length,
  ]
  return isDeepStrictEqual(said(one), said(other))
}

export function isSamePromise(one: RequestPromise, other: RequestPromise): boolean {
  return one === other || (one.shape === other.shape && one.answers === other.answers)
}
