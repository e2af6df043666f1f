import type { TripleStatus } from '../../engine/report.js'
import { storyOf, toStandingProblem, type TripleStory } from '../../engine/triple-story.js'
import { countText } from '../../units.js'
import type { Style } from './style.js'
import { terminalText } from './terminal-text.js'

/** A triple together with what is told of it. */
export interface ToldTriple<Triple extends NamedTriple = TripleStatus> {
  readonly triple: Triple
  readonly story: TripleStory
}

interface NamedTriple {
  readonly index: string
  readonly problem: { readonly code: string } | null
}

/**
 * Tells the story of a triple that stands on disk.
 *
 * @param isAtWork whether a process works on the workspace; if not, what is half done was interrupted
 */
export function toldTriple(triple: TripleStatus, isAtWork: boolean, nowMs: number): ToldTriple {
  const { state, stateSinceMs, isAtRest, remoteStatus, lastPollAtMs, attempt } = triple
  const problem = triple.problem === null ? null : toStandingProblem(triple.problem)
  // Field by field: of a spread with more fields behind it V8 makes objects that the quick collection leaves behind.
  const standing = {
    state,
    stateSinceMs,
    isAtRest,
    remoteStatus,
    lastPollAtMs,
    attempt,
    problem,
    nextPollAtMs: null,
    isAtWork,
  }
  return { triple, story: storyOf(standing, nowMs) }
}

/** Those of many, one by one: stories are longer than what they are made from. */
export function* toldTriples(
  triples: readonly TripleStatus[],
  isAtWork: boolean,
  nowMs: number,
): Generator<ToldTriple, void, undefined> {
  for (const triple of triples) yield toldTriple(triple, isAtWork, nowMs)
}

/** The stories of those that are stuck: where and since when, why, what to do. Empty when none is. */
export function stuckText(triples: Iterable<ToldTriple<NamedTriple>>, style: Style): string {
  const lines: string[] = []
  let stuck = 0
  for (const told of triples) {
    if (told.story.stuck === null) continue
    stuck += 1
    if (stuck <= mostStories) lines.push(...storyLines(told, style))
  }
  if (stuck > mostStories) lines.push(`and ${countText(stuck - mostStories)} more`)
  return lines.map((line) => `${line}\n`).join('')
}

/** More than that is for `--json` or the inspector. */
const mostStories = 20

function storyLines({ triple, story }: ToldTriple<NamedTriple>, style: Style): readonly string[] {
  const { stuck, what, why, whatToDo } = story
  const heading = `${style.bad('✗')} ${style.strong(terminalText(triple.index))} ${style.bad(stuck ?? '')}`
  const code = triple.problem === null ? '' : `${triple.problem.code}: `
  return [
    `${heading}: ${terminalText(what)}`,
    ...(why === null ? [] : [`  ${terminalText(`${code}${why}`)}`]),
    ...(whatToDo === null ? [] : [`  → ${terminalText(whatToDo)}`]),
  ]
}
