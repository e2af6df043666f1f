import { topStateOf } from '../../../machines/state-paths.js'
import { stuckReason } from '../../engine/triple-story.js'
import { phaseOf, phaseWords } from '../../engine/phases.js'
import type { TripleSummary } from '../protocol.js'

/** What is wrong with a triple in one word: the code of its problem, else why it is stuck; `null` when nothing is. */
export function causeOf(triple: TripleSummary, nowMs: number): string | null {
  const stuck = stuckReason(triple, nowMs)
  return stuck === null ? null : (triple.problem?.code ?? stuck)
}

/**
 * A state as people say it: `awaiting-online-files.downloading` → `Downloading`, `checking-ids.checking` →
 * `Checking ids`, a rest by what it means.
 */
export function stateWords(state: string): string {
  const phase = phaseOf(state)
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
