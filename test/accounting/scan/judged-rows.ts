import { isAnswerLine } from '../../../src/accounting/dialects/row-dialects.js'
import type { JsonObject } from '../../../src/accounting/decode-line.js'
import { judgeAnswer } from '../../../src/accounting/rows/judge-answer.js'
import { answerShapes, promiseOf, type RequestPromise } from '../../../src/accounting/rows/promise.js'
import { readResultLine } from '../../../src/accounting/rows/result-line.js'

const promises: readonly RequestPromise[] = answerShapes.flatMap((shape) =>
  [null, 1, 2].map((answers) => ({ shape, answers })),
)

/** What the judge says of an answer, for every promise there may be. Of failures the words may differ. */
export function saidOfAnswer(value: JsonObject): unknown {
  const line = readResultLine(value, { file: 'output', line: 1 })
  return promises.map((promise) => {
    const { class: rowClass, answer } = judgeAnswer(line, promise)
    if (rowClass !== 'success' || answer === null) return 'no success'
    const { shape, finishReason, contents, toolCalls } = answer
    return [shape, finishReason, contents?.length, toolCalls?.length].join()
  })
}

/** What is asked of a request before its answer comes. */
export function saidOfRequest(value: JsonObject): unknown {
  return [promiseOf(value), isAnswerLine(value), value['url']]
}
