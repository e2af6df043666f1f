import { countText } from '../../units.js'
import { phaseWords } from '../../engine/phases.js'
import type { FailedForGood, TripleSummary } from '../protocol.js'
import { CommandButtons } from './command-buttons.js'
import { hasToken, toggleToken, tokenOf, tripleKinds, type TripleKind } from './query.js'
import { SearchField } from './search-field.js'
import { tripleSorts, type Survey } from './survey.js'
import { TripleList } from './triple-list.js'
import type { Commands } from './use-commands.js'

interface TriplePaneProps {
  readonly triples: readonly TripleSummary[]
  readonly survey: Survey
  readonly failed: readonly FailedForGood[]
  readonly query: string
  readonly chosen: string | null
  /** Of the workspace. */
  readonly root: string | null
  readonly nowMs: number
  readonly commands: Commands
  readonly onQuery: (query: string) => void
  readonly onChoose: (index: string) => void
}

/** The search, and what it finds. */
export function TriplePane(props: TriplePaneProps) {
  const { triples, survey, failed, query, chosen, root, nowMs, commands, onQuery, onChoose } = props
  const found = query === '' ? [] : tripleSorts.flatMap((sort) => survey.shown[sort])
  return (
    <section class="left" aria-label="Triples">
      <SearchField triples={triples} query={query} nowMs={nowMs} onChange={onQuery} />
      <Kinds counts={survey.kinds} query={query} onToggle={(token) => onQuery(toggleToken(query, token))} />
      <div class="list-head">
        <span role="status">{countText(survey.shownCount)} shown</span>
        {found.length > 0 && (
          <CommandButtons commands={commands} indices={found.map(({ index }) => index)} isAll />
        )}
      </div>
      {triples.length > 0 && survey.shownCount === 0 && (
        <p class="empty">
          No triple passes the filter.{' '}
          <button type="button" onClick={() => onQuery('')}>
            Clear
          </button>
        </p>
      )}
      <TripleList
        survey={survey}
        failed={failed}
        chosen={chosen}
        root={root}
        nowMs={nowMs}
        onChoose={onChoose}
      />
    </section>
  )
}

interface KindsProps {
  readonly counts: Survey['kinds']
  readonly query: string
  readonly onToggle: (token: string) => void
}

/** How many of each kind; a press narrows the list to it. */
function Kinds({ counts, query, onToggle }: KindsProps) {
  return (
    <div class="kinds" role="group" aria-label="Kinds of triples">
      {tripleKinds.map((kind) => (
        <button
          key={kind}
          type="button"
          class={`kind ${kind}${counts[kind] > 0 ? ' has-some' : ''}`}
          aria-pressed={hasToken(query, tokenOf('is', kind))}
          onClick={() => onToggle(tokenOf('is', kind))}
        >
          <b>{countText(counts[kind])}</b> {kindWords(kind)}
        </button>
      ))}
    </div>
  )
}

const kindWords = (kind: TripleKind): string => (kind === 'stuck' ? 'Stuck' : phaseWords[kind])
