import { useState } from 'preact/hooks'
import { storyOf } from '../../engine/triple-story.js'
import { countText } from '../../units.js'
import { phaseOf } from '../../engine/phases.js'
import type { TripleSummary } from '../protocol.js'
import type { Backend } from './backend.js'
import { ChartView, lightsOf, type ChartLights } from './chart-view.js'
import { CommandButtons } from './command-buttons.js'
import { CountTable } from './count-table.js'
import { ErrorGroups } from './error-groups.js'
import { EventLog } from './event-log.js'
import { OutcomeLine } from './outcome-line.js'
import { Prose } from './prose.js'
import { ReplayPanel } from './replay-panel.js'
import { TimeBars } from './time-bars.js'
import { Moment, TimeSince } from './times.js'
import { TripleFactsList } from './triple-facts-list.js'
import { answeredWords, causeOf, stateWords, stuckWords, withoutRoot, workerName } from './triple-words.js'
import type { Commands } from './use-commands.js'
import { useDetail } from './use-detail.js'

interface TripleViewProps {
  readonly backend: Backend
  readonly index: string
  readonly triples: readonly TripleSummary[]
  /** Of the workspace, for commands to copy. */
  readonly root: string | null
  readonly commands: Commands
  readonly nowMs: number
  readonly onState: (state: string) => void
  readonly onChoose: (index: string) => void
  readonly onClose: () => void
}

/** One triple: what is wrong and what to do, its course in time, its place on the chart, then facts and log. */
export function TripleView(props: TripleViewProps) {
  const { backend, index, triples, root, commands, nowMs, onState, onChoose, onClose } = props
  const summary = triples.find((triple) => triple.index === index) ?? null
  const loaded = useDetail(backend, index, summary)
  const [replayLights, setReplayLights] = useState<ChartLights | null>(null)
  const { detail, trouble } = loaded
  const lights = replayLights ?? lightsOf(summary?.state ?? null, detail?.steps ?? [])
  return (
    <article class="right" aria-label={`Triple ${index}`}>
      <button type="button" class="back" onClick={onClose}>
        ‹ All triples
      </button>
      {summary === null ? (
        <h2>Triple {index}: gone</h2>
      ) : (
        <Head summary={summary} root={root} nowMs={nowMs} commands={commands} />
      )}
      <OutcomeLine commands={commands} />
      <TimeBars detail={detail} attempt={summary?.attempt ?? 1} nowMs={nowMs} onChoose={onChoose} />
      <ChartView triples={triples} lights={lights} onState={onState} />
      <ReplayPanel backend={backend} index={index} nowMs={nowMs} onLights={setReplayLights} />
      {trouble !== null && <p role="alert">{trouble}</p>}
      {detail !== null && (
        <>
          {detail.contradictions.map((sentence) => (
            <p key={sentence} class="problem">
              {sentence}
            </p>
          ))}
          <CountTable title="Accounting" counts={detail.counts} />
          <CountTable title="Rows by class" counts={detail.rows} />
          <ErrorGroups groups={detail.errorGroups} loaded={loaded} canShowTexts={backend.isServed} />
          <TripleFactsList detail={detail} summary={summary ?? detail.summary} nowMs={nowMs} />
          <EventLog detail={detail} nowMs={nowMs} />
        </>
      )}
    </article>
  )
}

interface HeadProps {
  readonly summary: TripleSummary
  readonly root: string | null
  readonly commands: Commands
  readonly nowMs: number
}

function Head({ summary, root, commands, nowMs }: HeadProps) {
  const { index, state, stateSinceMs, problem, requests, missing, remoteStatus, lastPollAtMs, nextPollAtMs } =
    summary
  const { stuck, why, whatToDo, endsAtMs } = storyOf(summary, nowMs, root)
  const cause = causeOf(summary, nowMs)
  const worker = workerName(summary.worker)
  const answered = answeredWords(summary)
  return (
    <div class={`head ${phaseOf(state, problem)}${stuck === null ? '' : ' is-stuck'}`}>
      <h2>
        <span class="dot" aria-hidden="true" /> {cause ?? stateWords(state)}{' '}
        <span class="quiet">triple {index}</span>
      </h2>
      <p class="standing">
        <span title={state}>
          {stuck === null ? stateWords(state) : <span class="stuck">{stuckWords[stuck]}</span>}
          {stateSinceMs !== null && (
            <>
              {' for '}
              <TimeSince sinceMs={stateSinceMs} nowMs={nowMs} />
            </>
          )}
        </span>
        {answered !== null && <span>{answered}</span>}
        {remoteStatus !== null && <span>the server says {remoteStatus.replaceAll('_', ' ')}</span>}
        {lastPollAtMs !== null && (
          <span>
            asked <Moment atMs={lastPollAtMs} nowMs={nowMs} />
          </span>
        )}
        {nextPollAtMs !== null && (
          <span>
            again <Moment atMs={nextPollAtMs} nowMs={nowMs} />
          </span>
        )}
        {endsAtMs !== null && endsAtMs > nowMs && (
          <span>
            about done <Moment atMs={endsAtMs} nowMs={nowMs} />
          </span>
        )}
        {worker !== null && <span>worked on by {worker}</span>}
        {requests !== null && (
          <span>
            {countText(requests)} requests, {countText(missing ?? 0)} missing
          </span>
        )}
      </p>
      {why !== null && (
        <p class="why">
          {problem !== null && problem.code !== cause && <b>{problem.code} </b>}
          {withoutRoot(why, root)}
        </p>
      )}
      {whatToDo !== null && (
        <p class="cure">
          <b>What to do:</b> <Prose text={whatToDo} />
        </p>
      )}
      <CommandButtons commands={commands} indices={[index]} />
    </div>
  )
}
