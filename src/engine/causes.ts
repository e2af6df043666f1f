import type { StuckReason, TripleStory } from './triple-story.js'

/** A triple and its story, as far as causes are told from them. */
export interface ToldCause {
  readonly index: string
  readonly code: string | null
  readonly story: Pick<TripleStory, 'stuck' | 'why' | 'whatToDo'>
}

/** Triples that stand still for one cause, with what helps all of them. */
export interface Cause<Told extends ToldCause = ToldCause> {
  /** The same text for the same cause, whichever triples have it. */
  readonly key: string
  readonly stuck: StuckReason | null
  readonly code: string | null
  /** How many triples have it. */
  readonly count: number
  /** The first of them, whose words stand for all. */
  readonly first: Told
  /** Indices of the first ones, at most five. */
  readonly sample: readonly string[]
  /** Whether what helps the first, word for word, helps all. */
  readonly isCureCommon: boolean
  /** False when the cause goes by its code alone, since there are too many kinds of messages. */
  readonly isOneKind: boolean
}

/** More than a screen shows; what comes after these goes by its code alone, of which there are few. */
export const mostKinds = 20
const mostSamples = 5

/**
 * One cause for all triples whose code and kind of message are the same, in the order of their first triple. Bounded
 * in memory however many triples and messages there are, and no code is lost among many messages of another.
 */
export function causesOf<Told extends ToldCause>(triples: Iterable<Told>): readonly Cause<Told>[] {
  const found = new Map<string, Growing<Told>>()
  for (const told of triples) {
    const { index, code, story } = told
    const byCode = JSON.stringify([story.stuck, code])
    const byKind = JSON.stringify([story.stuck, code, kindOf(story.why ?? '', index)])
    const isOneKind = found.has(byKind) || found.size < mostKinds
    const key = isOneKind ? byKind : byCode
    const cause = found.get(key)
    if (cause === undefined) {
      const first = { first: told, sample: [index], isCureCommon: true }
      found.set(key, { key, stuck: story.stuck, code, count: 1, ...first, isOneKind })
      continue
    }
    cause.count += 1
    cause.isCureCommon &&= story.whatToDo === cause.first.story.whatToDo
    if (cause.sample.length < mostSamples) cause.sample.push(index)
  }
  return [...found.values()]
}

type Growing<Told extends ToldCause> = Cause<Told> & {
  readonly sample: string[]
  count: number
  isCureCommon: boolean
}

/**
 * What a message says without what differs from triple to triple: its index, ids, numbers, times, and which call it was
 * that met the same refusal. The status of a refusal stays: 401 and 403 are two causes.
 */
export function kindOf(message: string, index: string): string {
  return withoutNumbers(message).replaceAll(withoutNumbers(index), '#')
}

const withoutNumbers = (text: string): string =>
  text
    .replaceAll(/\b(?:batches|files)\.[a-z]+\b/g, '#')
    .replaceAll(/\b(?:batch|file|req|org|proj)[-_][\w-]+/g, '#')
    .replaceAll(/\b[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b/gi, '#')
    .replaceAll(/(?<!\d|answered # with )\d[\d,.:]*/g, '#')
