import type { ErrorActorEvent } from 'xstate'
import { toProblem } from '../problem.js'

/** What a failed step hands over. */
export interface Failed {
  readonly event: ErrorActorEvent
}

const problemOf = ({ event }: Failed) => toProblem(event.error)
const failureOf = ({ event }: Failed) => ({ step: event.actorId, problem: toProblem(event.error) })

/**
 * Where a step that failed goes: into its own backing-off substate while the fault is a passing one and tries
 * are left, else the triple is parked in `failed`. Nothing after a failed step runs.
 */
export function onStepError<const Target extends string>(backingOff: Target) {
  return [
    {
      guard: { type: 'canRetry', params: failureOf },
      target: backingOff,
      actions: { type: 'noteFailure', params: failureOf },
    },
    { target: '#triple.failed', actions: { type: 'noteProblem', params: problemOf } },
  ] as const
}
