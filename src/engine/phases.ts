import {
  canHear,
  isDoneState,
  isParkedState,
  isWaitingForServer,
  needsPersonState,
} from '../../machines/state-paths.js'

/** What a state means to somebody who looks at many triples, the worst first. Colours and maps go by it. */
export const phases = ['failed', 'needs-person', 'not-sent', 'at-work', 'at-server', 'done'] as const
export type Phase = (typeof phases)[number]

/** A path nobody knows counts as work: a journal may come from a later version. */
export function phaseOf(state: string): Phase {
  if (isDoneState(state)) return 'done'
  if (needsPersonState(state)) return 'needs-person'
  if (isParkedState(state)) return 'failed'
  if (isWaitingForServer(state)) return 'at-server'
  return canHear(state, 'triple.submit') ? 'not-sent' : 'at-work'
}

export const phaseWords: Readonly<Record<Phase, string>> = {
  failed: 'Failed',
  'needs-person': 'Needs a person',
  'not-sent': 'Not sent',
  'at-work': 'At work',
  'at-server': 'At server',
  done: 'Done',
}
