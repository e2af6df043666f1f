import { problemCodeOf, type JournalEntry } from '../../workspace/journal-entry.js'
import { readJournal } from '../../workspace/journal.js'
import type { BatchIndex } from '../../workspace/batch-index.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { InspectedStep, ReplayStep, TripleReplay } from '../protocol.js'

const mostSteps = 20_000

/** The journal of a triple of a workspace, for stepping through; empty when there is none. */
export async function readTripleReplay(workspace: BatchWorkspace, index: BatchIndex): Promise<TripleReplay> {
  const { entries, unreadableLines } = await readJournal(workspace, index).catch(() => emptyJournal)
  return replayOf(index, entries, unreadableLines)
}

/** The page shows what there is; a journal that cannot be read is as none. */
export const emptyJournal = { entries: [], unreadableLines: 0 } as const

/** Facts are repeated only where they changed. */
export function replayOf(
  index: string,
  entries: readonly JournalEntry[],
  unreadableLines: number,
): TripleReplay {
  const kept = entries.slice(-mostSteps)
  let before: string | null = null
  const steps = kept.map((entry): ReplayStep => {
    const facts = factsToShow(entry)
    const text = JSON.stringify(facts)
    const isSame = text === before
    before = text
    return { ...stepOf(entry), facts: isSame ? null : facts }
  })
  return { index, steps, omittedSteps: entries.length - kept.length, unreadableLines }
}

/** Facts of ours have a few kilobytes. */
const longestFacts = 64 * 1024

/** Without the facts of a problem: they name rows. `null` for what is far from anything of ours, or nested too deep. */
function factsToShow({ facts }: JournalEntry): ReplayStep['facts'] {
  if (facts === undefined) return null
  const problem = facts['problem']
  const isObject = typeof problem === 'object' && problem !== null
  const shown = isObject ? { ...facts, problem: { ...problem, facts: undefined } } : facts
  try {
    return JSON.stringify(shown).length <= longestFacts ? shown : null
  } catch {
    // V8 gives up on text nested some thousands deep, which `JSON.parse` had no trouble with.
    return null
  }
}

const longestName = 200

/** A journal may come from anywhere: names are cut to what a state or an event may be called. */
export const stepOf = ({ at, from, event, to, facts }: JournalEntry): InspectedStep => ({
  at: at.slice(0, longestName),
  from: from.slice(0, longestName),
  event: event.slice(0, longestName),
  to: to.slice(0, longestName),
  problemCode: problemCodeOf(facts)?.slice(0, longestName) ?? null,
})
