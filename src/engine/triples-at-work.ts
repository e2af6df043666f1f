import assert from 'node:assert/strict'
import type { tripleMachine } from '../../machines/index.js'
import { tripleDependencies, type RunDependencies, type TripleDependencies } from '../actors/dependencies.js'
import { soleOwnership, type TriplePlace } from '../actors/ownership.js'
import { hasCallbacks } from '../actors/processors.js'
import { withFileInMemory } from '../workspace/file-in-memory.js'
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
      const dependencies = tripleDependencies(run, placeOf(index) ?? placeInMemory(run, index))
      atWork.set(index, dependencies)
      return dependencies
    },
    end: (index) => void atWork.delete(index),
  }
}

/**
 * The rows of few answers that no callback sees are read by the next steps and then removed: they need no file. A single step
 * that is called by itself leaves them on the disk for the next call.
 */
function placeInMemory(run: RunDependencies, index: string): TriplePlace | undefined {
  if (hasCallbacks(run)) return undefined
  const { workspace } = run
  const fileSystem = withFileInMemory(workspace.fileSystem, workspace.layout.rowsFile(index))
  return { workspace: { ...workspace, fileSystem }, ownership: soleOwnership }
}
