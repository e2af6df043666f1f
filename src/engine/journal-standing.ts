import type { Problem } from '../../machines/index.js'
import type { JournalEntry } from '../workspace/journal-entry.js'

/** What the journal of a triple says of how it stands; times in milliseconds since 1970. */
export interface JournalStanding {
  readonly state: string
  /** Since when it rests there for the same reason, or since it went there. */
  readonly stateSinceMs: number | null
  /** When the server was last asked. */
  readonly lastPollAtMs: number | null
  readonly problem: Problem | null
  /** False when the last run was cut off in the middle of its work. */
  readonly isAtRest: boolean
}

/** Reads the standing off the entries, oldest first; `null` without any. */
export function standingIn(entries: readonly JournalEntry[]): JournalStanding | null {
  const last = entries.at(-1)
  if (last === undefined) return null
  const poll = entries.findLast(({ from }) => from === 'awaiting-online-files.checking')
  const problem = last.facts?.['problem']
  return {
    state: last.to,
    stateSinceMs: timeOf(last.since ?? last.at),
    lastPollAtMs: poll === undefined ? null : timeOf(poll.at),
    problem: isProblem(problem) ? problem : null,
    isAtRest: last.since !== undefined,
  }
}

/** `null` for a text that is no time: a journal may have been edited. */
function timeOf(text: string): number | null {
  const timeMs = Date.parse(text)
  return Number.isNaN(timeMs) ? null : timeMs
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false
  return typeof Reflect.get(value, 'code') === 'string' && typeof Reflect.get(value, 'message') === 'string'
}
