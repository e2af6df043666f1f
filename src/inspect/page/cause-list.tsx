import { useState } from 'preact/hooks'
import { phaseOf } from '../../engine/phases.js'
import { storyOf } from '../../engine/triple-story.js'
import { countOf, countText } from '../../units.js'
import type { TripleSummary } from '../protocol.js'
import { CommandButtons } from './command-buttons.js'
import { Prose } from './prose.js'
import { hasToken, tokenOf } from './query.js'
import type { Cause } from './survey.js'
import { Moment } from './times.js'
import { bareMessage, shortIndex, withoutRoot } from './triple-words.js'
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

/** What is told in full; of more causes each has one line, to be opened. */
const mostInFull = 3
/** More than a screen holds. */
const mostAtFirst = 12

/** One cause, one entry, however many triples have it: what it is, what to do, and buttons for all of them. */
export function CauseList({ causes, root, query, nowMs, commands, onFind }: CauseListProps) {
  const [showsAll, setShowsAll] = useState(false)
  const shown = showsAll ? causes : causes.slice(0, mostAtFirst)
  if (causes.length === 0) return <p class="all-well">Nothing is stuck.</p>
  return (
    <section class="causes" aria-label="What is wrong">
      <h2>
        What is wrong
        {causes.length > mostInFull && <span class="quiet">, {countOf(causes.length, 'cause')}</span>}
      </h2>
      <ul>
        {shown.map((cause, at) => (
          <CauseEntry
            key={cause.key}
            cause={cause}
            isInFull={at < mostInFull || causes.length === mostInFull + 1}
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
  readonly isInFull: boolean
  readonly root: string | null
  readonly isFiltered: boolean
  readonly nowMs: number
  readonly commands: Commands
  readonly onFind: (token: string) => void
}

function CauseEntry({ cause, isInFull, root, isFiltered, nowMs, commands, onFind }: CauseEntryProps) {
  const [isOpen, setOpen] = useState(false)
  const { triples } = cause
  const example = triples[0]
  if (example === undefined) return null
  const { why, whatToDo } = storyOf(example, nowMs, root)
  const phase = phaseOf(example.state, example.problem)
  const indices = triples.map(({ index }) => index)
  // A hint may name a file, or a batch: what helps one need not help the others to the letter.
  const isCureCommon = triples.every(({ problem }) => problem?.hint === example.problem?.hint)
  if (!isInFull && !isOpen) {
    return (
      <li class={`cause ${phase}`}>
        <button type="button" class="cause-line" aria-expanded={false} onClick={() => setOpen(true)}>
          <Which cause={cause} />{' '}
          <span class="quiet">{why !== null && bareMessage(why, example.index, root)}</span>
        </button>
      </li>
    )
  }
  return (
    <li class={`cause ${phase}`}>
      <div class="cause-head">
        <button
          type="button"
          class="cause-name"
          aria-pressed={isFiltered}
          title="Show these in the list"
          onClick={() => onFind(tokenOf('code', cause.cause))}
        >
          <Which cause={cause} />
        </button>
        <Since triples={triples} nowMs={nowMs} />
        <CommandButtons commands={commands} indices={indices} isAll={indices.length > 1} />
      </div>
      {why !== null && (
        <p class="why">
          {triples.length > 1 && <span class="quiet">e.g. </span>}
          {triples.length > 1 ? withoutRoot(why, root) : bareMessage(why, example.index, root)}
        </p>
      )}
      {whatToDo !== null && (
        <p class="cure">
          {!isCureCommon && 'For this one: '}
          <Prose text={whatToDo} />
        </p>
      )}
    </li>
  )
}

/** Its name, and how many have it; of one that is alone, which. */
function Which({ cause: { cause, triples } }: { readonly cause: Cause }) {
  const [only, ...others] = triples
  return (
    <>
      {others.length > 0 && <span class="together">{countText(triples.length)}</span>} <b>{cause}</b>{' '}
      {others.length === 0 && <span class="quiet">triple {shortIndex(only?.index ?? '')}</span>}
    </>
  )
}

/** Since when the first of them is stuck. */
function Since({ triples, nowMs }: { readonly triples: readonly TripleSummary[]; readonly nowMs: number }) {
  const sinceMs = triples.reduce<number | null>(
    (oldest, { stateSinceMs }) => older(oldest, stateSinceMs),
    null,
  )
  if (sinceMs === null) return null
  return (
    <span class="quiet">
      {triples.length > 1 ? 'the first ' : ''}
      <Moment atMs={sinceMs} nowMs={nowMs} />
    </span>
  )
}

const older = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other)
