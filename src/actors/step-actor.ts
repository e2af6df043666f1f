import { fromPromise, type PromiseActorLogic } from 'xstate'
import type { Step, TripleDependencies } from './dependencies.js'

/**
 * Makes the actor the machine invokes out of a step. The signal is aborted when the machine leaves the state or
 * the actor is stopped, so a step that heeds it never outlives its triple.
 */
export function defineStepActor<Input, Output>(
  step: Step<Input, Output>,
  dependencies: TripleDependencies,
): PromiseActorLogic<Output, Input> {
  return fromPromise(({ input, signal }) => {
    const atWork = step(dependencies, input, signal)
    dependencies.stepsAtWork.add(atWork)
    return atWork
  })
}
