/**
 * What a state's path says to those who have nothing else: journals, reports and pages. No machine is needed to read
 * one, so the inspector's page can. The machine takes its tags from here, and a test compares the rest with it.
 */

export type TripleTag =
  /** An actor is at work. */
  | 'working'
  | 'backing-off'
  /** Nothing happens until an event comes; one pass over the workspace ends here. */
  | 'resting'
  /** It does not go on by itself: a person, or a retry, is needed. */
  | 'parked'
  /** Nothing but a person's hand at the files helps. */
  | 'needs-person'
  /** The server has the batch. */
  | 'waiting-for-batch'
  /** The server has no room for the batch. */
  | 'waiting-for-room'

/** What may wake a triple that rests. */
export type WakeType = 'poll.due' | 'triple.retry' | 'triple.rescan' | 'triple.submit'

interface RestingState {
  readonly tags: readonly TripleTag[]
  /** The wakes it hears; the first is the one to use when nothing else is asked for. */
  readonly hears: readonly WakeType[]
}

/** Every state in which a triple rests, and `done`. */
export const restingStates = {
  'missing-input': { tags: ['resting', 'parked', 'needs-person'], hears: ['triple.rescan'] },
  'submitting.waiting-for-leave': { tags: ['resting'], hears: ['triple.rescan', 'triple.submit'] },
  'submitting.waiting-for-room': {
    tags: ['resting', 'waiting-for-room'],
    hears: ['poll.due', 'triple.retry', 'triple.rescan'],
  },
  'awaiting-online-files.waiting': {
    tags: ['resting', 'waiting-for-batch'],
    hears: ['poll.due', 'triple.retry', 'triple.rescan'],
  },
  failed: { tags: ['resting', 'parked'], hears: ['triple.retry', 'triple.rescan'] },
  done: { tags: ['resting'], hears: [] },
} as const satisfies Readonly<Record<string, RestingState>>

type RestingPath = keyof typeof restingStates

/** The tags of a resting state, as the machine's configuration wants them. */
export const tagsOf = (path: RestingPath): TripleTag[] => [...restingStates[path].tags]

/** Where every triple begins. */
export const firstState = 'deciding.surveying'
/** Where a triple is parked whose step failed, or that nothing could be learnt of. */
export const failedState = 'failed' satisfies RestingPath
export const doneState = 'done' satisfies RestingPath

/** States that ask the server how a batch is. */
const askingStates: ReadonlySet<string> = new Set([
  'awaiting-online-files.checking',
  'awaiting-online-files.asking-again',
])

/** `awaiting-online-files.waiting` → `awaiting-online-files`. */
export const topStateOf = (path: string): string => path.split('.', 1).join()

/** Every file is in `done/`; nothing more happens. */
export const isDoneState = (path: string): boolean => path === doneState

/** Nothing happens there until an event comes. */
export const isRestingState = (path: string): boolean => hasTag(path, 'resting')

/** It does not go on by itself. */
export const isParkedState = (path: string): boolean => hasTag(path, 'parked')

/** Only a person can help, and no retry. */
export const needsPersonState = (path: string): boolean => hasTag(path, 'needs-person')

/** The server has the batch, and the triple rests until the next poll. */
export const isWaitingForBatch = (path: string): boolean => hasTag(path, 'waiting-for-batch')

/** The server has no room for the batch, and the triple rests until the next poll. */
export const isWaitingForRoom = (path: string): boolean => hasTag(path, 'waiting-for-room')

/** It tries a step again by itself after a while. */
export const isBackingOff = (path: string): boolean => /(?:backing-off|-later)$/.test(path)

/** The next poll wakes it. */
export const isWaitingForServer = (path: string): boolean => canHear(path, 'poll.due')

/** A step that left this state has asked the server how the batch is. */
export const hasAskedServer = (from: string): boolean => askingStates.has(from)

/** Whether a triple that rests there hears the event; a path nobody knows hears none. */
export const canHear = (path: string, type: string): boolean =>
  restingStateOf(path)?.hears.some((heard) => heard === type) ?? false

/** What to wake a resting triple with when nobody asked for anything. A fresh look does no harm anywhere. */
export const wakeOf = (path: string): WakeType => restingStateOf(path)?.hears[0] ?? 'triple.rescan'

const hasTag = (path: string, tag: TripleTag): boolean => restingStateOf(path)?.tags.includes(tag) ?? false

/** Paths come out of journals, which may say anything. */
function restingStateOf(path: string): RestingState | null {
  return Object.hasOwn(restingStates, path) ? restingStates[path as RestingPath] : null
}
