import { firstState, hasAskedServer, isWaitingForServer, topStateOf } from '../../machines/state-paths.js'
import { isProblemForPerson, problemCodeOf, type JournalEntry } from '../workspace/journal-entry.js'
import { phaseOf, type Phase } from './phases.js'

/** A time that a triple spent in one place; polls within a wait do not end it. */
export interface CourseSpan {
  /** A state path: where it waited, or else where it was at the end. */
  readonly state: string
  /** What that meant, with the problem it last had there. */
  readonly phase: Phase
  /** In milliseconds since 1970. */
  readonly fromMs: number
  /** `null` while it is still there. */
  readonly toMs: number | null
  /** How often the server was asked. */
  readonly polls: number
  /** The code of the last problem it had there. */
  readonly problemCode: string | null
}

/** What a triple did, oldest first. */
export interface TripleCourse {
  readonly spans: readonly CourseSpan[]
  /** Older ones that were left out. */
  readonly omittedSpans: number
}

const mostSpans = 60
const longestCode = 100

/** A look at the disk at the start of a run is no place to be, unless it takes longer than this. */
const briefMs = 60_000

/** Folds the entries of a journal, oldest first; one whose time is none is left out. */
export function courseOf(entries: readonly JournalEntry[]): TripleCourse {
  const spans: CourseSpan[] = []
  for (const { at, from, to, facts } of entries) {
    const atMs = Date.parse(at)
    if (Number.isNaN(atMs)) continue
    const polls = hasAskedServer(from) ? 1 : 0
    const problemCode = problemCodeOf(facts)?.slice(0, longestCode) ?? null
    const problem = { needsPerson: isProblemForPerson(facts) }
    const last = endedAt(spans, atMs)
    if (last !== null && isOnePlace(last.state, to)) {
      // A wait keeps its name while the server is asked.
      const state = isWaitingForServer(last.state) ? last.state : to
      spans.push({
        ...last,
        state,
        phase: phaseOf(state, problem),
        toMs: null,
        polls: last.polls + polls,
        problemCode: problemCode ?? last.problemCode,
      })
    } else {
      if (last !== null) spans.push({ ...last, polls: last.polls + polls })
      spans.push({ state: to, phase: phaseOf(to, problem), fromMs: atMs, toMs: null, polls: 0, problemCode })
    }
  }
  return { spans: spans.slice(-mostSpans), omittedSpans: Math.max(0, spans.length - mostSpans) }
}

/** Takes the last span off and ends it; a brief look at the disk goes, so that what it parted is one again. */
function endedAt(spans: CourseSpan[], atMs: number): CourseSpan | null {
  const last = spans.pop()
  if (last === undefined) return null
  const isBriefLook = topStateOf(last.state) === topStateOf(firstState) && atMs - last.fromMs < briefMs
  return isBriefLook ? (spans.pop() ?? null) : { ...last, toMs: atMs }
}

/** Waiting and asking are one place, and so are a step and its tries; a state of one step does not name it again. */
function isOnePlace(one: string, other: string): boolean {
  const isNameless = [one, other].some((state) => state.endsWith('.backing-off'))
  return isNameless ? topStateOf(one) === topStateOf(other) : placeOf(one) === placeOf(other)
}

function placeOf(state: string): string {
  const step = phaseOf(state) === 'at-work' ? state.replace(/-backing-off$/, '') : state
  return isWaitingForServer(step) || hasAskedServer(step) ? 'at-server' : step
}
