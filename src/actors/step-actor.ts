import { fromPromise, type PromiseActorLogic } from 'xstate'
import { inWords } from '../workspace/file-problem.js'
import type { Step, TripleDependencies } from './dependencies.js'

/**
 * Makes the actor the machine invokes out of a step; it serves every triple of a run. The signal is aborted when the
 * machine leaves the state or the actor is stopped, so a step that heeds it never outlives its triple.
 */
export function defineStepActor<Input extends { readonly index: string }, Output>(
  step: Step<Input, Output>,
  dependenciesOf: (index: string) => TripleDependencies,
): PromiseActorLogic<Output, Input> {
  return fromPromise(({ input, signal }) => {
    const dependencies = dependenciesOf(input.index)
    const atWork = step(dependencies, input, signal)
    dependencies.stepsAtWork.add(atWork)
    return atWork.catch((error: unknown) => {
      throw inWords(error, dependencies.workspace.root)
    })
  })
}
