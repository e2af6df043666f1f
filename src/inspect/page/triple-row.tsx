import { isDoneState } from '../../../machines/state-paths.js'
import { storyOf } from '../../engine/triple-story.js'
import { countText, durationText, elapsedText } from '../../units.js'
import { phaseOf } from '../../engine/phases.js'
import type { TripleSummary } from '../protocol.js'
import type { RowPlaces } from './row-places.js'
import { fullTime } from './times.js'
import {
  answeredWords,
  bareMessage,
  causeKeyOf,
  causeOf,
  shortIndex,
  stateWords,
  workerName,
} from './triple-words.js'

interface TripleRowProps {
  readonly triple: TripleSummary
  readonly at: number
  readonly places: RowPlaces
  readonly isChosen: boolean
  /** How many triples have a cause, by its key. */
  readonly sizes: ReadonlyMap<string, number>
  /** Requests of its lineage failed for good, or never ran. */
  readonly hasFailed: boolean
  /** Of the workspace; texts are told without it. */
  readonly root: string | null
  readonly nowMs: number
  readonly onChoose: (index: string) => void
}

/** Quiet: what is wrong is the title, else where it is; one line says more. Of what is done there is little to say. */
export function TripleRow({
  triple,
  at,
  places,
  isChosen,
  sizes,
  hasFailed,
  root,
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
      class={`row ${phaseOf(state, triple.problem)}${cause === null ? '' : ' is-stuck'}${isDone ? ' is-done' : ''}${hasFailed ? ' has-failures' : ''}`}
      style={{ top: `${places.topOf(at)}px`, height: `${places.heightOf(at)}px` }}
      onClick={() => onChoose(index)}
    >
      <span class="dot" aria-hidden="true" />
      <span class="title">
        {cause ?? stateWords(state)}{' '}
        {cause !== null && <Together count={sizes.get(causeKeyOf(triple, cause)) ?? 0} />}
      </span>
      <span class="age" {...(stateSinceMs === null ? {} : { title: fullTime(stateSinceMs) })}>
        {stateSinceMs === null ? '' : elapsedText(nowMs - stateSinceMs)}
      </span>
      <span class="more">
        <b title={index}>{shortIndex(index)}</b> {isDone ? '' : moreOf(triple, root, nowMs)}
        {hasFailed && <span class="has-failed">some requests have no good answer</span>}
      </span>
    </div>
  )
}

/** How many have the same cause. */
function Together({ count }: { readonly count: number }) {
  return count < 2 ? null : <span class="together">{countText(count)}</span>
}

function moreOf(triple: TripleSummary, root: string | null, nowMs: number): string {
  const { stuck, why, endsAtMs } = storyOf(triple, nowMs)
  const { remoteStatus, problem } = triple
  const worker = workerName(triple.worker)
  if (why !== null && (stuck !== null || problem !== null)) {
    return bareMessage(why, triple.index, root)
  }
  const server = remoteStatus?.replaceAll('_', ' ') ?? null
  const left = endsAtMs === null || endsAtMs <= nowMs ? null : `about ${durationText(endsAtMs - nowMs)} left`
  return [server, answeredWords(triple), left, worker].filter((part) => part !== null).join(' · ')
}
