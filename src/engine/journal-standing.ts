import { hasAskedServer, type Problem, type ProblemCode } from '../../machines/index.js'
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

/** True for the end of a look at the server: a standing is made of this entry and those after it. */
export const isPoll = ({ from }: JournalEntry): boolean => hasAskedServer(from)

/** Reads the standing off the entries, oldest first; `null` without any. */
export function standingIn(entries: readonly JournalEntry[]): JournalStanding | null {
  const last = entries.at(-1)
  if (last === undefined) return null
  const poll = entries.findLast(isPoll)
  const problem = last.facts?.['problem']
  return {
    state: last.to,
    stateSinceMs: timeOf(last.since ?? last.at),
    lastPollAtMs: poll === undefined ? null : timeOf(poll.at),
    problem: problemIn(problem),
    isAtRest: last.since !== undefined,
  }
}

/** `null` for a text that is no time: a journal may have been edited. */
function timeOf(text: string): number | null {
  const timeMs = Date.parse(text)
  return Number.isNaN(timeMs) ? null : timeMs
}

const longestText = 2_000

/** What a journal calls a problem, with every text cut: it may come from anywhere. */
function problemIn(value: unknown): Problem | null {
  if (typeof value !== 'object' || value === null) return null
  const { code, message, hint, causeMessage, isPassing, needsPerson, facts } = value as Record<
    string,
    unknown
  >
  if (typeof code !== 'string' || typeof message !== 'string') return null
  return {
    code: code.slice(0, 100) as ProblemCode,
    message: message.slice(0, longestText),
    ...(typeof hint === 'string' && { hint: hint.slice(0, longestText) }),
    ...(typeof causeMessage === 'string' && { causeMessage: causeMessage.slice(0, longestText) }),
    ...(isPassing === true && { isPassing }),
    ...(needsPerson === true && { needsPerson }),
    ...(isFacts(facts) && { facts }),
  }
}

const isFacts = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
