import { wasCutShort, type TripleFacts } from './facts.js'
import type { Problem } from './problem.js'
import type { AccountingCounts } from './steps.js'

/**
 * A batch that expired or was cancelled, whose files hold fewer answers than the server says it completed: a file was
 * cut, or comes late. Those requests were executed and are paid for; sending them again would pay twice. `null` where
 * the numbers agree, or the server never gave any.
 *
 * @param answered requests with a row in the output file
 * @param acceptCommand goes on with what is here
 */
export function lateAnswers(
  facts: TripleFacts,
  { missing }: Pick<AccountingCounts, 'missing'>,
  answered: number,
  acceptCommand: string,
): Problem | null {
  const completed = facts.requestCounts?.completed ?? null
  if (!wasCutShort(facts) || missing === 0 || completed === null || completed <= answered) return null
  const { index, batchId, remoteStatus } = facts
  return {
    code: 'RequestIdsMismatch',
    message: `Batch ${batchId ?? '(unknown)'} of triple ${index} is ${remoteStatus}, and the server completed ${completed} requests; the files here answer ${answered}, and ${missing} have no row at all.`,
    hint: `The output file is cut or late: run again later, or put the whole file in place. When it never comes, \`${acceptCommand}\` takes the missing answers as missing.`,
    needsPerson: true,
    facts: { index, batchId, completed, answered, missing },
  }
}
