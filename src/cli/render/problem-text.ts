import type { Problem } from '../../../machines/index.js'
import { kindWords, type ProblemKind } from '../../providers/problem-kinds.js'
import type { Style } from './style.js'
import { cutToWidth, terminalText } from './terminal-text.js'

/**
 * A problem for people: its code, what happened, and on a line of its own what to do.
 *
 * @param index the triple it happened to, when it happened to one
 */
export function problemText(problem: Problem, style: Style, index?: string): string {
  const where = index === undefined ? '' : ` ${style.strong(index)}`
  const lines = [`${style.bad('✗')}${where} ${style.bad(problem.code)}: ${bounded(problem.message)}`]
  lines.push(...furtherLines(problem).map((line) => `  ${bounded(line)}`))
  if (hasNewCause(problem)) lines.push(`  caused by: ${bounded(problem.causeMessage)}`)
  if (problem.hint !== undefined) lines.push(`  → ${bounded(problem.hint)}`)
  return lines.join('\n')
}

/** Messages quote files and servers; a screen is as much as anybody reads. In columns. */
const longestText = 1_000

function bounded(text: string): string {
  return cutToWidth(terminalText(text), longestText)
}

/** A requests file may have problems of many kinds, and one is mended as fast as twenty are. The first is in the message. */
function furtherLines({ code, facts }: Problem): readonly string[] {
  const listed = facts?.['problems']
  if (code !== 'RequestsFileInvalid' || !Array.isArray(listed)) return []
  const [, ...further] = listed as readonly ProblemKind[]
  return further.map((kind) =>
    kind.line === null ? kindWords(kind) : `line ${kind.line}: ${kindWords(kind)}`,
  )
}

function hasNewCause(problem: Problem): problem is Problem & { readonly causeMessage: string } {
  const { causeMessage, message } = problem
  return causeMessage !== undefined && causeMessage !== '' && !message.includes(causeMessage)
}
