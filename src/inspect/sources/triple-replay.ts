import { isDeepStrictEqual } from 'node:util'
import { problemCodeOf } from '../../workspace/journal-rest.js'
import type { JournalEntry } from '../../workspace/journal-entry.js'
import { readJournal } from '../../workspace/journal.js'
import type { BatchIndex } from '../../workspace/batch-index.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { InspectedStep, ReplayStep, TripleReplay } from '../protocol.js'

const mostSteps = 20_000

/** The journal of a triple of a workspace, for stepping through; empty when there is none. */
export async function readTripleReplay(workspace: BatchWorkspace, index: BatchIndex): Promise<TripleReplay> {
  const { entries, unreadableLines } = await readJournal(workspace, index)
  return replayOf(index, entries, unreadableLines)
}

/** Facts are repeated only where they changed. */
export function replayOf(
  index: string,
  entries: readonly JournalEntry[],
  unreadableLines: number,
): TripleReplay {
  const kept = entries.slice(-mostSteps)
  const steps = kept.map((entry, position): ReplayStep => {
    const facts = entry.facts ?? null
    const isSame = position > 0 && isDeepStrictEqual(facts, kept[position - 1]?.facts ?? null)
    return { ...stepOf(entry), facts: isSame ? null : facts }
  })
  return { index, steps, omittedSteps: entries.length - kept.length, unreadableLines }
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
