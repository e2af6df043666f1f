import {
  canHear,
  isDoneState,
  isParkedState,
  isRestingState,
  isWaitingForServer,
  needsPersonState,
} from '../../machines/state-paths.js'

/** What a state means to somebody who looks at many triples, the worst first. Colours and maps go by it. */
export const phases = ['failed', 'needs-person', 'not-sent', 'at-work', 'at-server', 'done'] as const
export type Phase = (typeof phases)[number]

/** What a phase asks of a problem. */
export type PhaseProblem = { readonly needsPerson?: boolean } | null

/**
 * A path nobody knows counts as work: a journal may come from a later version.
 *
 * @param problem the one that the triple has there
 */
export function phaseOf(state: string, problem: PhaseProblem = null): Phase {
  if (isDoneState(state)) return 'done'
  if (isForPerson(state, problem)) return 'needs-person'
  if (isParkedState(state)) return 'failed'
  if (isWaitingForServer(state)) return 'at-server'
  return canHear(state, 'triple.submit') ? 'not-sent' : 'at-work'
}

/** It rests until a person does something. A step at work may yet get rid of its problem. */
export const isForPerson = (state: string, problem: PhaseProblem): boolean =>
  needsPersonState(state) || (isRestingState(state) && problem?.needsPerson === true)

export const phaseWords: Readonly<Record<Phase, string>> = {
  failed: 'Failed',
  'needs-person': 'Needs a person',
  'not-sent': 'Not sent',
  'at-work': 'At work',
  'at-server': 'At server',
  done: 'Done',
}
