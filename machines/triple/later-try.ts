import type { StepFailures } from './context.js'
import { backoffOf } from './setup.js'
import type { TripleSnapshot } from './triple.machine.js'

/** A step failed for a passing reason and is to be tried again; another actor of the same triple can do that, too. */
export interface LaterTry {
  readonly delayMs: number
  /** For the input of that actor. */
  readonly earlierFailures: StepFailures
}

/** The later try that a triple waits for; `null` when it waits for none. */
export function laterTryOf(snapshot: TripleSnapshot): LaterTry | null {
  const { failures, failedStep } = snapshot.context
  if (!snapshot.hasTag('backing-off') || failures === 0 || failedStep === null) return null
  return { delayMs: backoffOf(snapshot.context), earlierFailures: { step: failedStep, failures } }
}
