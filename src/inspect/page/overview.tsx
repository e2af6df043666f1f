import type { TripleSummary } from '../protocol.js'
import type { Backend } from './backend.js'
import { CauseList } from './cause-list.js'
import { ChartView, nothingLit } from './chart-view.js'
import { FailedForGoodList } from './failed-for-good-list.js'
import { HistoryMap } from './history-map.js'
import { OutcomeLine } from './outcome-line.js'
import type { Survey } from './survey.js'
import type { Commands } from './use-commands.js'
import type { Finished } from './use-finished.js'

interface OverviewProps {
  readonly backend: Backend
  readonly triples: readonly TripleSummary[]
  readonly survey: Survey
  /** `null` for the moment until it is read. */
  readonly finished: Finished | null
  readonly query: string
  /** Of the workspace, for commands to copy. */
  readonly root: string | null
  readonly nowMs: number
  readonly commands: Commands
  /** Narrows the list by a token, or no more. */
  readonly onFind: (token: string) => void
  readonly onState: (state: string) => void
  readonly onChoose: (index: string) => void
}

/** What is told of all triples while none is chosen: what is wrong, when it went wrong, where they are. */
export function Overview(props: OverviewProps) {
  const { backend, triples, survey, finished, query, root, nowMs, commands, onFind, onState, onChoose } =
    props
  return (
    <section class="right" aria-label="The whole workspace">
      <OutcomeLine commands={commands} />
      <CauseList
        causes={survey.causes}
        root={root}
        query={query}
        nowMs={nowMs}
        commands={commands}
        onFind={onFind}
      />
      {finished !== null && (
        <>
          <FailedForGoodList failed={finished.failed} onChoose={onChoose} />
          <HistoryMap backend={backend} nowMs={nowMs} />
          <ChartView triples={triples} lights={nothingLit} onState={onState} />
          {finished.tokens.length > 0 && <p class="tokens">{finished.tokens.join(' ')}</p>}
        </>
      )}
    </section>
  )
}
