import { isDoneState } from '../../../machines/state-paths.js'
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

/** How much there is to say of a triple, which is how it stands in the list. */
export const tripleSorts = ['stuck', 'open', 'done'] as const
export type TripleSort = (typeof tripleSorts)[number]

/** The triples that pass, by sort and in the order they came. A poll moves none: rows must not jump under a hand. */
export type ShownTriples = Readonly<Record<TripleSort, readonly TripleSummary[]>>

export function shownTriples(
  triples: readonly TripleSummary[],
  filters: Filters,
  nowMs: number,
): ShownTriples {
  const bySort: Record<TripleSort, TripleSummary[]> = { stuck: [], open: [], done: [] }
  for (const triple of triples) if (passes(triple, filters, nowMs)) bySort[sortOf(triple, nowMs)].push(triple)
  return bySort
}

/** Which of them it is now. */
export function sortOf(triple: TripleSummary, nowMs: number): TripleSort {
  if (isDoneState(triple.state)) return 'done'
  return stuckReason(triple, nowMs) === null ? 'open' : 'stuck'
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
