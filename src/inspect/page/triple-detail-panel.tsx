import { storyOf } from '../../engine/triple-story.js'
import { countOf } from '../../units.js'
import type { TripleSummary } from '../protocol.js'
import type { Backend } from './backend.js'
import { CommandButtons } from './command-buttons.js'
import { CountTable } from './count-table.js'
import { ErrorGroups } from './error-groups.js'
import { EventLog } from './event-log.js'
import { TripleFactsList } from './triple-facts-list.js'
import type { LoadedDetail } from './use-detail.js'

interface TripleDetailPanelProps {
  readonly backend: Backend
  readonly index: string
  readonly summary: TripleSummary | null
  readonly loaded: LoadedDetail
  readonly canCommand: boolean
  readonly nowMs: number
}

export function TripleDetailPanel(props: TripleDetailPanelProps) {
  const { backend, index, summary, loaded, canCommand, nowMs } = props
  const { detail, trouble } = loaded
  return (
    <article aria-label={`Triple ${index}`}>
      <h2>Triple {index}</h2>
      {summary === null ? <p>This triple is gone.</p> : <Story summary={summary} nowMs={nowMs} />}
      {canCommand && <CommandButtons backend={backend} index={index} />}
      {trouble !== null && <p role="alert">{trouble}</p>}
      {detail === null && trouble === null && <p role="status">Reading…</p>}
      {detail !== null && (
        <>
          <TripleFactsList detail={detail} summary={summary ?? detail.summary} nowMs={nowMs} />
          {detail.contradictions.map((sentence) => (
            <p key={sentence} class="problem">
              {sentence}
            </p>
          ))}
          <CountTable title="Accounting" counts={detail.counts} />
          <CountTable title="Rows by class" counts={detail.rows} />
          <ErrorGroups groups={detail.errorGroups} loaded={loaded} canShowTexts={backend.isServed} />
          <EventLog detail={detail} />
        </>
      )}
    </article>
  )
}

function Story({ summary, nowMs }: { readonly summary: TripleSummary; readonly nowMs: number }) {
  const { stuck, what, why, whatToDo } = storyOf(summary, nowMs)
  return (
    <div class={why === null && stuck === null ? 'story' : 'story problem'}>
      <p>
        {stuck !== null && <span class="badge">stuck: {stuck}</span>} {what}
      </p>
      {why !== null && (
        <p>
          <b>{summary.problem?.code}</b> {why}
        </p>
      )}
      {whatToDo !== null && <p>What to do: {whatToDo}</p>}
      {summary.requests !== null && (
        <p class="quiet">
          {countOf(summary.requests, 'request')}, {summary.missing ?? 0} missing
        </p>
      )}
    </div>
  )
}
