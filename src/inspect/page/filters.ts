import { stuckReason, storyOf, type TripleStory } from '../../engine/triple-story.js'
import type { TripleSummary } from '../protocol.js'

/** What the viewer narrows the list by. Empty texts narrow nothing. */
export interface Filters {
  readonly text: string
  readonly state: string
  readonly onlyStuck: boolean
  readonly errorCode: string
  readonly remoteStatus: string
  readonly minimumAgeMs: number
}

export const noFilters: Filters = {
  text: '',
  state: '',
  onlyStuck: false,
  errorCode: '',
  remoteStatus: '',
  minimumAgeMs: 0,
}

/** The triples that pass, stuck ones first, each group in the order it came. */
export function shownTriples(triples: readonly TripleSummary[], filters: Filters, nowMs: number) {
  const shown = triples.filter((triple) => passes(triple, filters, nowMs))
  const isStuck = (triple: TripleSummary) => stuckReason(triple, nowMs) !== null
  return [...shown.filter(isStuck), ...shown.filter((triple) => !isStuck(triple))]
}

function passes(triple: TripleSummary, filters: Filters, nowMs: number): boolean {
  const { state, errorCode, remoteStatus, minimumAgeMs, onlyStuck } = filters
  if (state !== '' && triple.state !== state && !triple.state.startsWith(`${state}.`)) return false
  if (errorCode !== '' && triple.problem?.code !== errorCode) return false
  if (remoteStatus !== '' && triple.remoteStatus !== remoteStatus) return false
  if (minimumAgeMs > 0 && !(nowMs - (triple.stateSinceMs ?? nowMs) >= minimumAgeMs)) return false
  if (onlyStuck && stuckReason(triple, nowMs) === null) return false
  return filters.text === '' || saysText(triple, filters.text.toLowerCase(), storyOf(triple, nowMs))
}

function saysText({ index, batchId }: TripleSummary, text: string, story: TripleStory): boolean {
  const texts = [index, batchId, story.what, story.why, story.whatToDo]
  return texts.some((part) => part?.toLowerCase().includes(text) === true)
}
