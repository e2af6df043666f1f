import { isDoneState } from '../../../machines/state-paths.js'
import type { TripleSummary } from '../protocol.js'
import { kindOf, tripleKinds, type Query, type TripleKind } from './query.js'
import { causeKeyOf, causeOf } from './triple-words.js'

/** How much there is to say of a triple, which is how it stands in the list. */
export const tripleSorts = ['stuck', 'open', 'done'] as const
export type TripleSort = (typeof tripleSorts)[number]

/** Triples that are stuck for one cause: the same code, and the same kind of message. */
export interface Cause {
  readonly key: string
  /** The code, or the reason where there is none. */
  readonly cause: string
  readonly triples: readonly TripleSummary[]
}

/** All that the page tells of many triples at once. */
export interface Survey {
  /** Those that pass: stuck ones by cause, the others in the order they came. A poll moves none. */
  readonly shown: Readonly<Record<TripleSort, readonly TripleSummary[]>>
  readonly shownCount: number
  /** Of all triples, whatever passes. */
  readonly kinds: Readonly<Record<TripleKind, number>>
  /** Of all triples; those of many triples first. */
  readonly causes: readonly Cause[]
}

/** One way through all triples, made anew whenever something changed: it has to stay cheap. */
export function surveyOf(triples: readonly TripleSummary[], { tests }: Query, nowMs: number): Survey {
  const kinds = Object.fromEntries(tripleKinds.map((kind) => [kind, 0])) as Record<TripleKind, number>
  const byKey = new Map<string, Cause & { readonly triples: TripleSummary[] }>()
  const passing = new Set<TripleSummary>()
  const shown: Record<TripleSort, TripleSummary[]> = { stuck: [], open: [], done: [] }
  for (const triple of triples) {
    const kind = kindOf(triple, nowMs)
    kinds[kind] += 1
    const passes = tests.every((test) => test(triple, nowMs))
    if (kind !== 'stuck') {
      if (passes) shown[isDoneState(triple.state) ? 'done' : 'open'].push(triple)
      continue
    }
    if (passes) passing.add(triple)
    const cause = causeOf(triple, nowMs) ?? kind
    const key = causeKeyOf(triple, cause)
    const group = byKey.get(key)
    if (group === undefined) byKey.set(key, { key, cause, triples: [triple] })
    else group.triples.push(triple)
  }
  const causes = [...byKey.values()].toSorted(byCount)
  shown.stuck = causes.flatMap((cause) => cause.triples.filter((triple) => passing.has(triple)))
  const shownCount = shown.stuck.length + shown.open.length + shown.done.length
  return { shown, shownCount, kinds, causes }
}

/** Roughly: two causes of almost as many triples must not change places with every triple that is mended. */
const byCount = (one: Cause, other: Cause): number =>
  weightOf(other) - weightOf(one) || (one.key < other.key ? -1 : 1)

const weightOf = ({ triples }: Cause): number => Math.floor(Math.log2(triples.length))
