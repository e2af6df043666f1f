import type { Problem } from '../../machines/index.js'
import {
  isDoneState,
  isParkedState,
  isWaitingForBatch,
  isWaitingForRoom,
  needsPersonState,
} from '../../machines/state-paths.js'
import { durationText, elapsedText } from '../units.js'

/** How one triple stands, as far as its story needs it. Plain data: the terminal and the inspector tell from it. */
export interface TripleStanding {
  /** A state path such as `awaiting-online-files.waiting`. */
  readonly state: string
  /**
   * Since when it rests there for the same reason, or works there, in milliseconds since 1970; polls between do not
   * count. `null` when nothing on disk says it.
   */
  readonly stateSinceMs: number | null
  /** In the server's words; `null` when never asked. */
  readonly remoteStatus: string | null
  /** When the server was last asked for this triple. */
  readonly lastPollAtMs: number | null
  /** `null` when no run is waiting for the server. */
  readonly nextPollAtMs: number | null
  /** 1 for a root triple, one more for each retry. */
  readonly attempt: number
  readonly problem: StandingProblem | null
  /** False in a state that is left by itself: a step is at work there, or was when its run was cut off. */
  readonly isAtRest: boolean
  /** True while a process works on the workspace. */
  readonly isAtWork: boolean
}

/** The part of a problem that a story tells; its texts are cut, the hint behind a whole command. */
export interface StandingProblem {
  readonly code: string
  readonly message: string
  readonly hint: string | null
  readonly needsPerson: boolean
}

const longestMessage = 300
const longestHint = 1_000

/** Servers and journals may say anything; a line of a list shows it. */
const oneLine = (text: string, longest = longestMessage): string =>
  text.slice(0, longest).replace(/[\s\p{Cc}]+/gu, ' ')

export function toStandingProblem({ code, message, hint, needsPerson }: Problem): StandingProblem {
  return {
    code,
    message: oneLine(message),
    hint: hint === undefined ? null : oneLine(hint, longestHint),
    needsPerson: needsPerson === true,
  }
}

/**
 * Why a triple will not move by itself: a person has to decide, it failed, the server is past the day it promised,
 * or has had no room for longer than a day, or the run that worked on it is gone.
 */
export type StuckReason = 'needs-attention' | 'failed' | 'overdue' | 'no-room' | 'interrupted'

/** What is told of a triple: three short texts without line breaks. */
export interface TripleStory {
  readonly stuck: StuckReason | null
  /** Where it is, since when, what the server says. */
  readonly what: string
  /** `null` while all is well. */
  readonly why: string | null
  readonly whatToDo: string | null
}

/** A batch is done or expired after a day (OpenAI API reference, `completion_window`: only `24h`). */
export const completionWindowMs = 86_400_000

/** Tells a triple's story: the same words in `status`, `watch` and the inspector. */
export function storyOf(standing: TripleStanding, nowMs: number): TripleStory {
  const stuck = stuckReason(standing, nowMs)
  const words = stuck === null ? null : (wordsOf[stuck] ?? null)
  return {
    stuck,
    what: whereItIs(standing, nowMs),
    why: standing.problem?.message ?? words?.why ?? null,
    whatToDo: standing.problem?.hint ?? words?.whatToDo ?? null,
  }
}

/** `null` while the triple moves, or waits as it should. */
export function stuckReason(standing: TripleStanding, nowMs: number): StuckReason | null {
  const { state, problem, stateSinceMs, isAtRest, isAtWork } = standing
  if (isDoneState(state) || (isAtWork && !isAtRest)) return null
  if (problem?.needsPerson === true || needsPersonState(state)) return 'needs-attention'
  if (isParkedState(state)) return 'failed'
  if (!isAtRest) return 'interrupted'
  const isPastTheDay = stateSinceMs !== null && nowMs - stateSinceMs > completionWindowMs
  if (isWaitingForBatch(state) && isPastTheDay) return 'overdue'
  if (isWaitingForRoom(state) && isPastTheDay) return 'no-room'
  return null
}

/** For reasons that come without a problem of their own. */
const wordsOf: Partial<Record<StuckReason, { readonly why: string; readonly whatToDo: string }>> = {
  overdue: {
    why: 'Servers promise an end within 24 hours; this batch has none.',
    whatToDo:
      'Look at the batch at the server. `batch-reconciler cancel` stops it: what it answered is downloaded, and `retry` sends the rest.',
  },
  'no-room': {
    why: 'The server has had no room for it for more than a day.',
    whatToDo:
      'See which other batches of the account are under way; `batch-reconciler cancel` stops one of them.',
  },
  interrupted: {
    why: 'The run that worked on it ended in the middle.',
    whatToDo: 'Run again: it goes on where it stopped.',
  },
}

function whereItIs(standing: TripleStanding, nowMs: number): string {
  const { state, stateSinceMs, lastPollAtMs, nextPollAtMs, remoteStatus } = standing
  const since = stateSinceMs === null ? '' : ` for ${elapsedText(nowMs - stateSinceMs)}`
  const poll = lastPollAtMs === null ? '' : `, last poll ${elapsedText(nowMs - lastPollAtMs)} ago`
  const next = nextPollAtMs === null ? '' : `, next in ${durationText(nextPollAtMs - nowMs)}`
  const remote = remoteStatus === null ? '' : `, server says ${oneLine(remoteStatus)}`
  return `in ${oneLine(state)}${since}${poll}${next}${remote}`
}
