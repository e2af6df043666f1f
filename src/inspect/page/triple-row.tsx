import { isDoneState } from '../../../machines/state-paths.js'
import { storyOf } from '../../engine/triple-story.js'
import { countText, elapsedText } from '../../units.js'
import { phaseOf } from '../../engine/phases.js'
import type { TripleSummary } from '../protocol.js'
import type { RowPlaces } from './row-places.js'
import type { Cause } from './survey.js'
import { fullTime } from './times.js'
import { causeOf, stateWords, workerName } from './triple-words.js'

interface TripleRowProps {
  readonly triple: TripleSummary
  readonly at: number
  readonly places: RowPlaces
  readonly isChosen: boolean
  readonly causes: readonly Cause[]
  /** Requests of its lineage failed for good. */
  readonly hasFailed: boolean
  readonly nowMs: number
  readonly onChoose: (index: string) => void
}

/** Quiet: what is wrong is the title, else where it is; one line says more. Of what is done there is little to say. */
export function TripleRow({
  triple,
  at,
  places,
  isChosen,
  causes,
  hasFailed,
  nowMs,
  onChoose,
}: TripleRowProps) {
  const { index, state, stateSinceMs } = triple
  const cause = causeOf(triple, nowMs)
  const isDone = isDoneState(state)
  return (
    <div
      id={`row-${at}`}
      role="option"
      aria-selected={isChosen}
      aria-posinset={at + 1}
      aria-setsize={places.count}
      class={`row ${phaseOf(state)}${cause === null ? '' : ' is-stuck'}${isDone ? ' is-done' : ''}${hasFailed ? ' has-failures' : ''}`}
      style={{ top: `${places.topOf(at)}px`, height: `${places.heightOf(at)}px` }}
      onClick={() => onChoose(index)}
    >
      <span class="dot" aria-hidden="true" />
      <span class="title">
        {cause ?? stateWords(state)} <Together cause={cause} causes={causes} />
      </span>
      <span class="age" {...(stateSinceMs === null ? {} : { title: fullTime(stateSinceMs) })}>
        {stateSinceMs === null ? '' : elapsedText(nowMs - stateSinceMs)}
      </span>
      <span class="more">
        <b title={index}>{shortIndex(index)}</b> {isDone ? '' : moreOf(triple, nowMs)}
        {hasFailed && <span class="has-failed">some requests failed for good</span>}
      </span>
    </div>
  )
}

/** A UUID is known by its beginning; the whole one is on hover and on the triple's own page. */
const shortIndex = (index: string): string => (index.length > longestIndex ? `${index.slice(0, 8)}…` : index)

/** As long as the longest number. */
const longestIndex = 20

/** How many have the same cause. */
function Together({ cause, causes }: { readonly cause: string | null; readonly causes: readonly Cause[] }) {
  const count = cause === null ? 0 : (causes.find((one) => one.cause === cause)?.triples.length ?? 0)
  return count < 2 ? null : <span class="together">{countText(count)}</span>
}

function moreOf(triple: TripleSummary, nowMs: number): string {
  const { stuck, why } = storyOf(triple, nowMs)
  const { remoteStatus, batchId, problem } = triple
  const worker = workerName(triple.worker)
  if (why !== null && (stuck !== null || problem !== null)) return withoutIndex(why, triple.index)
  return [remoteStatus, worker, batchId].filter((part) => part !== null).join(' · ')
}

/** The row has said which triple it is. */
const withoutIndex = (text: string, index: string): string =>
  text.startsWith(`Triple ${index}: `) ? text.slice(`Triple ${index}: `.length) : text
