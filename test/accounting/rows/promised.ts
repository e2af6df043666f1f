import { judgeAnswer, type Judgement } from '../../../src/accounting/rows/judge-answer.js'
import { promiseOf } from '../../../src/accounting/rows/promise.js'
import { answered } from './lines.js'

/** The judgement of a body that answers a request to this url. */
export function judgedBody(url: string, requestBody: unknown, body: unknown): Judgement {
  const promise = promiseOf({ custom_id: 'a', method: 'POST', url, body: requestBody })
  return judgeAnswer(answered(200, body), promise)
}

/** Class and code in one word each, for tables. */
export function wordsOf({ class: rowClass, error }: Judgement): string {
  return error === null ? rowClass : `${rowClass} ${error.code}`
}
