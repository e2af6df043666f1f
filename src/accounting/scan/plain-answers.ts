import { isDeepStrictEqual } from 'node:util'
import { isTextAnswer, type Answer } from '../rows/answer.js'
import { judgeAnswer, type Judgement } from '../rows/judge-answer.js'
import type { RequestPromise } from '../rows/promise.js'
import { parseResultLine, type ResultLine } from '../rows/result-line.js'
import { paidPartsOf, unpaidRowOf, type PaidRow } from '../usage/paid-row.js'
import { PatternKnowledge } from './pattern-knowledge.js'
import { probeOf, type Filling } from './probe.js'
import type { PlainRow } from './scanned-rows.js'

/** What the judge says of all rows of a pattern that answer requests with the same promise: each is a success. */
export interface PlainSuccess {
  readonly promise: RequestPromise
  /** The endpoint is not known, and nobody checked the body. */
  readonly isOpaque: boolean
  /** Where its parts stand; `null` for an answer that is more than one text. */
  readonly parts: AnswerParts | null
  readonly paid: PlainPaid
}

/** What rows of a pattern say of their tokens; `null`: each has to be parsed for it. */
export type PlainPaid = PaidHoles | Exclude<PaidRow, { type: 'paid' }> | null

/** Where `usage` stands, and the model; `null`: none is named. */
export interface PaidHoles {
  readonly usageHole: number
  readonly modelHole: number | null
}

/** An answer of one text. */
export interface AnswerParts extends Pick<Answer, 'shape' | 'finishReason'> {
  readonly contentHole: number
  /** `null`: it names no model. */
  readonly modelHole: number | null
  /** `null`: it has no usage. */
  readonly usageHole: number | null
}

const knowledge = new PatternKnowledge<PlainSuccess[]>()
/** Requests of one pattern of answers that promise different things: numbers of vectors, say. */
const maxPromises = 64

/** The verdict on an earlier row of the same pattern; `undefined` when there was none. */
export function plainSuccess({ pattern }: PlainRow, promise: RequestPromise): PlainSuccess | undefined {
  return knowledge.of(pattern)?.find((success) => isSamePromise(success.promise, promise))
}

/**
 * Learns from a row that was judged, for those of its pattern that need not be. Only successes are learned: of any
 * other row somebody wants to see the words.
 */
export function learnSuccess(row: PlainRow, promise: RequestPromise, judgement: Judgement): void {
  if (judgement.class !== 'success' || !row.mayLearn) return
  const probe = probeOf(row)
  if (probe === null) return
  const probeLine = parseResultLine(probe.text)
  const judgedProbe = judgeAnswer(probeLine, promise)
  if (!isSameVerdict(judgement, judgedProbe)) return
  const pattern = row.pattern === 0 ? row.learn() : row.pattern
  if (pattern === 0) return
  const successes = knowledge.of(pattern) ?? []
  knowledge.learn(pattern, successes)
  const isOpaque = judgement.answer?.shape === 'opaque'
  const parts = partsOf(judgedProbe.answer, probe.fillings)
  const paid = paidOf(probeLine, probe.fillings)
  if (successes.length < maxPromises) successes.push({ promise, isOpaque, parts, paid })
}

/** Finds what is paid of the probe among what it was filled with. */
function paidOf(line: ResultLine, fillings: readonly Filling[]): PlainPaid {
  const { model, usage } = paidPartsOf(line)
  if (usage === null) return unpaidRowOf(line)
  const [usageHole, modelHole] = [holeOf(usage, fillings), model === null ? null : holeOf(model, fillings)]
  if (usageHole === null || (model !== null && modelHole === null)) return null
  return { usageHole, modelHole }
}

/** The hole whose filling is this value. */
function holeOf(value: unknown, fillings: readonly Filling[]): number | null {
  return fillings.find(({ stringified }) => stringified === JSON.stringify(value))?.hole ?? null
}

function isSameVerdict(one: Judgement, other: Judgement): boolean {
  return isDeepStrictEqual(verdictIn(one), verdictIn(other))
}

/** The contents differ, and are not looked at. */
function verdictIn({ class: rowClass, error, mayRetry, answer }: Judgement): readonly unknown[] {
  const { shape, finishReason, contents, toolCalls } = answer ?? {}
  return [rowClass, error, mayRetry, shape, finishReason, contents?.length, toolCalls?.length]
}

/** Finds the parts of the probe's answer among what it was filled with. */
function partsOf(answer: Answer | null, fillings: readonly Filling[]): AnswerParts | null {
  if (answer === null || !isTextAnswer(answer) || answer.contents !== null || answer.toolCalls !== null)
    return null
  const { shape, finishReason, content, model, usage } = answer
  const contentHole = holeOf(content, fillings)
  const modelHole = model === null ? null : holeOf(model, fillings)
  const usageHole = usage === null ? null : holeOf(usage, fillings)
  const isFound = (model === null || modelHole !== null) && (usage === null || usageHole !== null)
  if (typeof content !== 'string' || contentHole === null || !isFound) return null
  return { shape, finishReason, contentHole, modelHole, usageHole }
}

export function isSamePromise(one: RequestPromise, other: RequestPromise): boolean {
  return one === other || (one.shape === other.shape && one.answers === other.answers)
}
