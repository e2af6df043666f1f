import { topStateOf } from '../../../machines/state-paths.js'
import { stuckReason, type StuckReason } from '../../engine/triple-story.js'
import { countText } from '../../units.js'
import { kindOf } from '../../engine/causes.js'
import { phaseOf, phaseWords, type Phase } from '../../engine/phases.js'
import type { TripleSummary } from '../protocol.js'

/** What is wrong with a triple in one word: the code of its problem, else why it is stuck; `null` when nothing is. */
export function causeOf(triple: TripleSummary, nowMs: number): string | null {
  const stuck = stuckReason(triple, nowMs)
  return stuck === null ? null : (triple.problem?.code ?? stuck)
}

/**
 * The same for all triples that are stuck for one cause, as `status` groups them.
 *
 * @param cause what `causeOf` gave
 */
export function causeKeyOf({ index, problem }: TripleSummary, cause: string): string {
  if (problem === null) return cause
  const known = keyOfProblem.get(problem)
  if (known !== undefined) return known
  const key = `${cause} ${kindOf(problem.message, index)}`
  keyOfProblem.set(problem, key)
  return key
}

/** Thousands are grouped anew at every change; a problem never changes. */
const keyOfProblem = new WeakMap<object, string>()

/**
 * A state as people say it: `awaiting-online-files.downloading` → `Downloading`, `checking-ids.checking` →
 * `Checking ids`, a rest by what it means.
 */
export function stateWords(state: string, phase: Phase = phaseOf(state)): string {
  if (phase !== 'at-work') return phaseWords[phase]
  const top = topStateOf(state)
  const step = state.slice(top.length + 1).replace(/-?backing-off$/, '')
  // The first step of a state has its name: `checking-ids.checking`.
  const name = step === '' || top.startsWith(step) ? top : step
  const words = sentence(name.slice(0, longestWords).replaceAll('-', ' '))
  return state.endsWith('backing-off') ? `${words}: tries again soon` : words
}

/** A journal may name any state. */
const longestWords = 60

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** A UUID is known by its beginning; the whole one is on hover and on the triple's own page. */
export const shortIndex = (index: string): string =>
  index.length > longestIndex ? `${index.slice(0, 8)}…` : index

/** As long as the longest number. */
const longestIndex = 20

/**
 * A message without the folder of the workspace, which every line of the page would repeat. Not for commands: they are
 * copied to another place.
 */
export const withoutRoot = (text: string, root: string | null): string =>
  root === null ? text : text.replaceAll(`${root}/`, '')

/** The same where it has been said which triple it is. */
export function bareMessage(text: string, index: string, root: string | null): string {
  const beginning = `Triple ${index}: `
  return withoutRoot(text.startsWith(beginning) ? text.slice(beginning.length) : text, root)
}

/** Why a triple is stuck, as people say it. */
export const stuckWords: Readonly<Record<StuckReason, string>> = {
  'needs-attention': phaseWords['needs-person'],
  failed: phaseWords.failed,
  overdue: 'Overdue',
  'no-room': 'No room at the server',
  'backing-off': 'Keeps failing',
  interrupted: 'Interrupted',
}

/** `12 of 20 answered`, as the server last said; `null` where it said nothing yet. */
export function answeredWords({ atServer }: TripleSummary): string | null {
  const { answered = null, total = null } = atServer ?? {}
  return answered === null || total === null || total === 0
    ? null
    : `${countText(answered)} of ${countText(total)} answered`
}

/** `4711@host`; `null` when nobody has it. */
export const workerName = (worker: TripleSummary['worker']): string | null =>
  worker === null ? null : `${worker.pid}@${worker.host}`

/** XState's own event types in plain words: `xstate.done.actor.checkIds` → `checkIds done`; others as they are. */
export function eventWords(type: string): string {
  const [, kind, name] = /^xstate\.(done\.actor|error\.actor|after)\.([\w-]+)/.exec(type) ?? []
  if (kind === 'done.actor') return `${name} done`
  if (kind === 'error.actor') return `${name} failed`
  return kind === 'after' ? `after ${name}` : type
}
