import type { Problem } from '../../../machines/index.js'
import { causesOf, type ToldCause } from '../../engine/causes.js'
import type { TripleReport } from '../../engine/report.js'
import { cureLines, groupLines } from './cause-text.js'
import { problemText } from './problem-text.js'
import type { Style } from './style.js'
import { cutToWidth, terminalText } from './terminal-text.js'

interface Troubled extends ToldCause {
  readonly problem: Problem
}

/** The problems of triples: one that many have is told once. Few kinds are told, and the rest by its code. */
export function problemLines(
  triples: readonly Pick<TripleReport, 'index' | 'problem'>[],
  style: Style,
): readonly string[] {
  return causesOf(troubledOnes(triples)).flatMap((cause) => {
    const { problem, index } = cause.first
    if (cause.count === 1) return [problemText(problem, style, terminalText(index))]
    const { code: name, message: why } = problem
    return [...groupLines(cause, { name, why: cutToWidth(why, longestWhy) }, style), ...cureLines(cause)]
  })
}

function* troubledOnes(
  triples: readonly Pick<TripleReport, 'index' | 'problem'>[],
): Generator<Troubled, void, undefined> {
  for (const { index, problem } of triples) {
    if (problem === null) continue
    const { code, message: why, hint: whatToDo = null } = problem
    yield { index, code, problem, story: { stuck: null, why, whatToDo } }
  }
}

/** In columns. */
const longestWhy = 1_000
