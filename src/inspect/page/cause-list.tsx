import { useState } from 'preact/hooks'
import { storyOf } from '../../engine/triple-story.js'
import { countOf, countText } from '../../units.js'
import { CommandButtons } from './command-buttons.js'
import { hasToken, tokenOf } from './query.js'
import type { Cause } from './survey.js'
import { Moment } from './times.js'
import type { Commands } from './use-commands.js'

interface CauseListProps {
  readonly causes: readonly Cause[]
  /** Of the workspace, for commands to copy. */
  readonly root: string | null
  readonly query: string
  readonly nowMs: number
  readonly commands: Commands
  readonly onFind: (token: string) => void
}

const mostAtFirst = 5

/** One cause, one entry, however many triples have it: what it is, what to do, and buttons for all of them. */
export function CauseList({ causes, root, query, nowMs, commands, onFind }: CauseListProps) {
  const [showsAll, setShowsAll] = useState(false)
  const shown = showsAll ? causes : causes.slice(0, mostAtFirst)
  if (causes.length === 0) return <p class="all-well">Nothing is stuck.</p>
  return (
    <section class="causes" aria-label="What is wrong">
      <h2>What is wrong</h2>
      <ul>
        {shown.map((cause) => (
          <CauseEntry
            key={cause.cause}
            cause={cause}
            root={root}
            isFiltered={hasToken(query, tokenOf('code', cause.cause))}
            nowMs={nowMs}
            commands={commands}
            onFind={onFind}
          />
        ))}
      </ul>
      {causes.length > shown.length && (
        <button type="button" onClick={() => setShowsAll(true)}>
          {countOf(causes.length - shown.length, 'cause')} more
        </button>
      )}
    </section>
  )
}

interface CauseEntryProps {
  readonly cause: Cause
  readonly root: string | null
  readonly isFiltered: boolean
  readonly nowMs: number
  readonly commands: Commands
  readonly onFind: (token: string) => void
}

function CauseEntry({
  cause: { cause, triples },
  root,
  isFiltered,
  nowMs,
  commands,
  onFind,
}: CauseEntryProps) {
  const example = triples[0]
  if (example === undefined) return null
  const { why, whatToDo } = storyOf(example, nowMs, root)
  const sinceMs = triples.reduce<number | null>(
    (oldest, { stateSinceMs }) => older(oldest, stateSinceMs),
    null,
  )
  const indices = triples.map(({ index }) => index)
  // A hint may name a file, or a batch: what helps one need not help the others to the letter.
  const isCureCommon = triples.every(({ problem }) => problem?.hint === example.problem?.hint)
  return (
    <li class="cause">
      <div class="cause-head">
        <button
          type="button"
          class="cause-name"
          aria-pressed={isFiltered}
          title="Show these in the list"
          onClick={() => onFind(tokenOf('code', cause))}
        >
          <span class="together">{countText(triples.length)}</span> {cause}
        </button>
        {sinceMs !== null && (
          <span class="quiet">
            {triples.length > 1 ? 'the first ' : ''}
            <Moment atMs={sinceMs} nowMs={nowMs} />
          </span>
        )}
        <CommandButtons commands={commands} indices={indices} isAll={indices.length > 1} />
      </div>
      {why !== null && (
        <p class="why">
          {triples.length > 1 && <span class="quiet">e.g. </span>}
          {why}
        </p>
      )}
      {whatToDo !== null && (
        <p class="cure">
          {!isCureCommon && 'For this one: '}
          {whatToDo}
        </p>
      )}
    </li>
  )
}

const older = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other)
