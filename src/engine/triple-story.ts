import type { Problem, TripleFacts } from '../../machines/index.js'
import { isCancelledStatus } from '../../machines/remote-status.js'
import {
  isBackingOff,
  isDoneState,
  isParkedState,
  isWaitingForBatch,
  isWaitingForRoom,
} from '../../machines/state-paths.js'
import { countText, durationText, elapsedText } from '../units.js'
import { isForPerson } from './phases.js'
import { keptUntilMs, retentionText } from './retention.js'
import { commandText, restWordsOf, untouchedWords, type RestWords, type WorkspaceRoot } from './rest-words.js'

/** How one triple stands, as far as its story needs it. Plain data: the terminal and the inspector tell from it. */
export interface TripleStanding {
  readonly index: string
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
  /** What is known of the batch at the server; absent or `null` where nothing is. */
  readonly atServer?: AtServer | null
  /** False in a state that is left by itself: a step is at work there, or was when its run was cut off. */
  readonly isAtRest: boolean
  /** True while a process works on the workspace. */
  readonly isAtWork: boolean
}

/** Of several workers the one that has a triple: its process, and since when in milliseconds since 1970 by its clock. */
export interface TripleWorker {
  readonly host: string
  readonly pid: number
  readonly sinceMs: number
}

/** How far a batch is, from its own counts and times: whatever runs, restarts and refusals came between. */
export interface AtServer {
  /** When the server made it, in milliseconds since 1970. */
  readonly submittedAtMs: number | null
  /** When the server gives it up, or promised its end. */
  readonly dueAtMs: number | null
  /** Since when the server has had no room for it; `null` while it has a batch, or was not refused. */
  readonly noRoomSinceMs: number | null
  /** Until when the server keeps answers that are not here; `null` when none are only there. */
  readonly keptUntilMs: number | null
  /** Requests with an answer or an error, and all of them, as the server last said. */
  readonly answered: number | null
  readonly total: number | null
}

/** `null` when the metadata has nothing of it. */
export function atServerOf(facts: TripleFacts): AtServer | null {
  const { submittedAtMs, dueAtMs, noRoomSinceMs, requestCounts } = facts
  const { total = null, completed = null, failed = null } = requestCounts ?? {}
  const answered = completed === null && failed === null ? null : (completed ?? 0) + (failed ?? 0)
  const promisedMs = submittedAtMs === null ? null : submittedAtMs + completionWindowMs
  const known = {
    submittedAtMs,
    dueAtMs: dueAtMs ?? promisedMs,
    noRoomSinceMs,
    keptUntilMs: keptUntilMs(facts),
    answered,
    total,
  }
  return Object.values(known).every((value) => value === null) ? null : known
}

/**
 * When the batch will have ended if it goes on as it did until the last look, in milliseconds since 1970; `null` when
 * nothing can be told from. Servers run in bursts: it is an estimate.
 */
export function estimatedEndMs({
  state,
  atServer,
  lastPollAtMs,
}: Pick<TripleStanding, 'state' | 'atServer' | 'lastPollAtMs'>): number | null {
  const { submittedAtMs, answered, total } = atServer ?? nothingKnown
  if (!isWaitingForBatch(state) || lastPollAtMs === null || submittedAtMs === null) return null
  if (answered === null || total === null || answered <= 0 || answered >= total) return null
  const spentMs = lastPollAtMs - submittedAtMs
  return spentMs <= 0 ? null : Math.round(submittedAtMs + (spentMs * total) / answered)
}

const nothingKnown: AtServer = {
  submittedAtMs: null,
  dueAtMs: null,
  noRoomSinceMs: null,
  keptUntilMs: null,
  answered: null,
  total: null,
}

/** The part of a problem that a story tells; its texts are cut, the hint behind a whole command. */
export interface StandingProblem {
  readonly code: string
  readonly message: string
  readonly hint: string | null
  readonly needsPerson: boolean
}

const longestMessage = 400
const longestHint = 1_000

/** Servers and journals may say anything; a line of a list shows it. */
const oneLine = (text: string, longest = longestMessage): string => {
  const cut = text.length > longest ? `${text.slice(0, longest - 1)}…` : text
  return cut.replace(/[\s\p{Cc}]+/gu, ' ')
}

export function toStandingProblem({ code, message, hint, needsPerson }: Problem): StandingProblem {
  return {
    code,
    message: oneLine(message),
    hint: hint === undefined ? null : oneLine(hint, longestHint),
    needsPerson: needsPerson === true,
  }
}

/**
 * Why a triple will not move by itself: a person has to decide, it failed, the server is past the time it promised,
 * or has had no room for long, a step has been failing for long, or the run that worked on it is gone.
 */
export type StuckReason = 'needs-attention' | 'failed' | 'overdue' | 'no-room' | 'backing-off' | 'interrupted'

/** What is told of a triple: three short texts without line breaks. */
export interface TripleStory {
  readonly stuck: StuckReason | null
  /** Where it is, since when, what the server says. */
  readonly what: string
  /** Its problem, or why it rests where it does; `null` while a step is at work, and when it is done. */
  readonly why: string | null
  readonly whatToDo: string | null
  /** When its batch will have ended, as far as `estimatedEndMs` tells. */
  readonly endsAtMs: number | null
}

/** A batch is done or expired after a day (OpenAI API reference, `completion_window`: only `24h`). */
export const completionWindowMs = 86_400_000

/** Batches of an account end one after the other; one that finds no room for so long has something in its way. */
export const longestWaitForRoomMs = 6 * 3_600_000

/** Longer than five tries of a step take, unless the server asks to be left alone for longer. */
export const longestBackoffMs = 1_800_000

/**
 * Tells a triple's story: the same words in `status`, `watch` and the inspector.
 *
 * @param root of the workspace, for commands that can be copied
 */
export function storyOf(standing: TripleStanding, nowMs: number, root: WorkspaceRoot = null): TripleStory {
  const stuck = stuckReason(standing, nowMs)
  const stuckWords = stuck === null ? undefined : stuckWordsOf[stuck]
  const words =
    stuckWords?.(root, standing.index) ??
    restWordsOf(standing.state, root) ??
    (isUntouched(standing) ? untouchedWords(root) : null)
  const why = standing.problem?.message ?? words?.why ?? null
  return {
    stuck,
    what: whereItIs(standing, nowMs),
    why: why === null ? null : why + retentionText(standing.atServer?.keptUntilMs ?? null, nowMs),
    whatToDo: standing.problem?.hint ?? words?.whatToDo ?? null,
    endsAtMs: estimatedEndMs(standing),
  }
}

/** It would go on, and no run has looked at it as it stands: files that were put there, or a run that could not begin. */
const isUntouched = ({ state, isAtRest, isAtWork }: TripleStanding): boolean =>
  isAtRest && !isAtWork && !isDoneState(state)

/** `null` while the triple moves, or waits as it should. */
export function stuckReason(standing: TripleStanding, nowMs: number): StuckReason | null {
  const { state, problem, stateSinceMs, isAtRest, isAtWork, atServer } = standing
  const isSince = (sinceMs: number | null, limitMs: number): boolean =>
    sinceMs !== null && nowMs - sinceMs > limitMs
  if (isDoneState(state)) return null
  if (isAtWork && !isAtRest) {
    return isBackingOff(state) && isSince(stateSinceMs, longestBackoffMs) ? 'backing-off' : null
  }
  // Where nothing says when the batch was made, the wait in this state is all there is.
  const dueAtMs = atServer?.dueAtMs ?? (stateSinceMs === null ? null : stateSinceMs + completionWindowMs)
  if (isAtRest && isSince(dueAtMs, 0) && hasPromisedEnd(standing)) return 'overdue'
  if (isForPerson(state, problem)) return 'needs-attention'
  if (isParkedState(state)) return 'failed'
  if (!isAtRest) return 'interrupted'
  const noRoomSinceMs = atServer?.noRoomSinceMs ?? stateSinceMs
  if (isWaitingForRoom(state) && isSince(noRoomSinceMs, longestWaitForRoomMs)) return 'no-room'
  return null
}

/** The server works on it, and gave a time for its end. One that is being cancelled takes the time that takes. */
export const hasPromisedEnd = ({
  state,
  remoteStatus,
}: Pick<TripleStanding, 'state' | 'remoteStatus'>): boolean =>
  isWaitingForBatch(state) && !isCancelledStatus(remoteStatus)

/** A batch that is past the time its server promised. */
export function overdueWords(root: WorkspaceRoot, index: string): RestWords {
  return {
    why: 'Servers promise an end within 24 hours; this batch has none.',
    whatToDo: `Look at the batch at the server. ${commandText(root, 'cancel', index)} stops it: what it answered is downloaded, and then ${commandText(root, 'retry', index)} sends the rest.`,
  }
}

/** For reasons that come without a problem of their own. */
const stuckWordsOf: Partial<Record<StuckReason, (root: WorkspaceRoot, index: string) => RestWords>> = {
  overdue: overdueWords,
  'no-room': (root) => ({
    why: 'The server has had no room for it for hours.',
    whatToDo: `See which other batches of the account are under way, or ask for a higher limit of enqueued tokens; ${commandText(root, 'watch')} sends it as soon as there is room.`,
  }),
  'backing-off': (root) => ({
    why: 'A step has been failing for long, for a reason that should pass.',
    whatToDo: `See that network, disk and server are well; ${commandText(root, 'run')} tries it at once.`,
  }),
  interrupted: (root) => ({
    why: 'The run that worked on it ended in the middle.',
    whatToDo: `Run again: ${commandText(root, 'run')} goes on where it stopped.`,
  }),
}

function whereItIs(standing: TripleStanding, nowMs: number): string {
  const { state, stateSinceMs, lastPollAtMs, nextPollAtMs, remoteStatus } = standing
  const batch = isWaitingForBatch(state) ? batchText(standing, nowMs) : ''
  const since = stateSinceMs === null ? '' : ` for ${elapsedText(nowMs - stateSinceMs)}`
  const poll = lastPollAtMs === null ? '' : `, last poll ${elapsedText(nowMs - lastPollAtMs)} ago`
  const next = nextPollAtMs === null ? '' : `, next in ${durationText(nextPollAtMs - nowMs)}`
  const remote = remoteStatus === null ? '' : `, server says ${oneLine(remoteStatus)}`
  return `in ${oneLine(state)}${since}${poll}${next}${remote}${batch}`
}

/** How far the batch is, when it was made, when it should end and is due. */
function batchText(standing: TripleStanding, nowMs: number): string {
  const { answered, total, submittedAtMs, dueAtMs } = standing.atServer ?? nothingKnown
  const endMs = estimatedEndMs(standing)
  const done =
    answered === null || total === null ? [] : [`${countText(answered)} of ${countText(total)} answered`]
  const sent = submittedAtMs === null ? [] : [`submitted ${elapsedText(nowMs - submittedAtMs)} ago`]
  const left = endMs === null || endMs <= nowMs ? [] : [`about ${durationText(endMs - nowMs)} left`]
  const due = dueAtMs === null ? [] : [dueText(dueAtMs, nowMs)]
  return [...done, ...sent, ...left, ...due].map((text) => `, ${text}`).join('')
}

const dueText = (dueAtMs: number, nowMs: number): string =>
  dueAtMs < nowMs ? `due ${elapsedText(nowMs - dueAtMs)} ago` : `due in ${durationText(dueAtMs - nowMs)}`
