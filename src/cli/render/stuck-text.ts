import { isWaitingForBatch } from '../../../machines/index.js'
import { causesOf, type Cause } from '../../engine/causes.js'
import { cureLines, groupLines } from './cause-text.js'
import type { TripleStatus } from '../../engine/report.js'
import { standingOfStatus } from '../../engine/standing-of-status.js'
import { storyOf, type TripleStory } from '../../engine/triple-story.js'
import { countOf } from '../../units.js'
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

/** What the stories of a workspace's triples are told from. */
export interface Telling {
  /** Whether a process works on the workspace; if not, what is half done was interrupted. */
  readonly isAtWork: boolean
  readonly nowMs: number
  /** Of the workspace, for commands that can be copied. */
  readonly root: string
}

/** Tells the story of a triple that stands on disk. */
export function toldTriple(triple: TripleStatus, { isAtWork, nowMs, root }: Telling): ToldTriple {
  return { triple, story: storyOf(standingOfStatus(triple, isAtWork), nowMs, root) }
}

/** Those of many, one by one: stories are longer than what they are made from. */
export function* toldTriples(
  triples: readonly TripleStatus[],
  telling: Telling,
): Generator<ToldTriple, void, undefined> {
  for (const triple of triples) yield toldTriple(triple, telling)
}

/**
 * The causes for which triples are stuck, each with its count, why, and what to do; of a triple that is alone with
 * its cause also where it is and since when. Empty when none is stuck.
 */
export function stuckText(triples: Iterable<ToldTriple<NamedTriple>>, style: Style): string {
  return causesText(causesOf(stuckOnes(triples)), (cause) => headingLines(cause, style))
}

interface StuckTriple {
  readonly index: string
  readonly code: string | null
  readonly story: TripleStory
}

function* stuckOnes(triples: Iterable<ToldTriple<NamedTriple>>): Generator<StuckTriple, void, undefined> {
  for (const { triple, story } of triples) {
    if (story.stuck !== null) yield { index: triple.index, code: triple.problem?.code ?? null, story }
  }
}

function causesText(
  causes: readonly Cause<StuckTriple>[],
  linesOf: (cause: Cause<StuckTriple>) => readonly string[],
): string {
  return causes
    .flatMap((cause) => [...linesOf(cause), ...cureLines(cause)])
    .map((line) => `${line}\n`)
    .join('')
}

function headingLines(cause: Cause<StuckTriple>, style: Style): readonly string[] {
  const { stuck, code, count, first } = cause
  const { what, why } = first.story
  const coded = code === null ? (why ?? '') : `${code}: ${why ?? ''}`
  if (count === 1) {
    const heading = `${style.bad('✗')} ${style.strong(terminalText(first.index))} ${style.bad(stuck ?? '')}`
    return [`${heading}: ${terminalText(what)}`, ...(why === null ? [] : [`  ${terminalText(coded)}`])]
  }
  return groupLines(cause, { name: code ?? stuck ?? '', why: why ?? what }, style)
}

/** What rests without being stuck and does not wait for a batch: how many, why, and what makes them go on. */
export function restingText(triples: Iterable<ToldTriple>): string {
  return causesText(causesOf(restingOnes(triples)), (cause) => [
    `· ${whichText(cause)}: ${terminalText(cause.first.story.why ?? '')}`,
  ])
}

const whichText = ({ count, first }: Cause<StuckTriple>): string =>
  count === 1 ? terminalText(first.index) : countOf(count, 'triple')

function* restingOnes(triples: Iterable<ToldTriple>): Generator<StuckTriple, void, undefined> {
  for (const { triple, story } of triples) {
    if (story.stuck !== null || story.why === null || isWaitingForBatch(triple.state)) continue
    yield { index: triple.index, code: triple.problem?.code ?? null, story }
  }
}
