import type { Problem } from '../../../machines/index.js'
import type { UnconfirmedSubmission } from '../../engine/unconfirmed-submission.js'
import { countOf, countText, isoTime } from '../../units.js'
import { shellWord } from '../../workspace/shell-word.js'
import { terminalText } from './terminal-text.js'

/**
 * Submissions of which nobody knows yet whether they made a batch, since when, and what to do. The same words wherever
 * triples are told of; empty when there is none. A doubt that looking again cannot settle is told with the problem of
 * its triple, and not here: what helps the others does not help it.
 *
 * @param triples with the problems that are told beside it
 * @param root the workspace
 */
export function unconfirmedLines(
  unconfirmed: readonly UnconfirmedSubmission[],
  triples: readonly ToldProblem[],
  root: string,
): readonly string[] {
  const told = new Set(triples.filter(isDoubtForPerson).map(({ index }) => index))
  const submissions = unconfirmed.filter(({ index }) => !told.has(index))
  if (submissions.length === 0) return []
  const named = submissions.slice(0, mostNamed).map(namedText)
  const more = submissions.length - named.length
  const verb = submissions.length === 1 ? 'is' : 'are'
  const which = `${named.join(', ')}${more > 0 ? ` and ${countText(more)} more` : ''}`
  const asked = submissions.find(({ wasAsked }) => wasAsked)
  return [
    `${countOf(submissions.length, 'submission')} ${verb} not confirmed: ${which}.`,
    '  → `run` or `watch` with the key of the server: the batch is looked for first, and never made twice.',
    ...(asked === undefined ? [] : [`  → ${adoptText(asked, root)}`]),
  ]
}

interface ToldProblem {
  readonly index: string
  readonly problem: Pick<Problem, 'code' | 'needsPerson'> | null
}

const isDoubtForPerson = ({ problem }: ToldProblem): boolean =>
  problem?.code === 'SubmissionAmbiguous' && problem.needsPerson === true

/** For a table, behind the index. */
export const unconfirmedAdvice = 'its submission is not confirmed; run with the key of its server'

const mostNamed = 5

function namedText({ index, sinceMs, wasAsked, inputFileId }: UnconfirmedSubmission): string {
  const upload = inputFileId === null ? '' : `, upload ${inputFileId}`
  const what = wasAsked ? 'asked for' : 'begun'
  return terminalText(`triple ${index} (${what} at ${isoTime(sinceMs) ?? 'an unknown time'}${upload})`)
}

function adoptText({ index }: UnconfirmedSubmission, root: string): string {
  const command = `batch-reconciler adopt ${shellWord(root)} ${index}`
  return terminalText(
    `Or look at the server yourself: ${command} <batch id> for the batch that is there, ${command} none when there is none.`,
  )
}
