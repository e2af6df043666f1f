import assert from 'node:assert/strict'
import type { tripleMachine } from '../../machines/index.js'
import { tripleDependencies, type RunDependencies, type TripleDependencies } from '../actors/dependencies.js'
import type { TriplePlace } from '../actors/ownership.js'
import { provideActors } from './provide-actors.js'

/** The triples of one run that have an actor, and the machine all of those actors share. */
export interface TriplesAtWork {
  readonly machine: typeof tripleMachine
  /** Makes what the steps of one triple work with; one at a time for each index. */
  begin(index: string): TripleDependencies
  end(index: string): void
}

export function triplesAtWork(
  run: RunDependencies,
  placeOf: (index: string) => TriplePlace | undefined = () => undefined,
): TriplesAtWork {
  const atWork = new Map<string, TripleDependencies>()
  return {
    machine: provideActors((index) => {
      const dependencies = atWork.get(index)
      assert(dependencies !== undefined, `A step of triple ${index}, which is not at work.`)
      return dependencies
    }),
    begin: (index) => {
      assert(!atWork.has(index), `Triple ${index} is at work already.`)
      const dependencies = tripleDependencies(run, placeOf(index))
      atWork.set(index, dependencies)
      return dependencies
    },
    end: (index) => void atWork.delete(index),
  }
}
