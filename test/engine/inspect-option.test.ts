import { afterAll, describe, expect, test } from 'vitest'
import type { AnyActorRef, InspectionEvent } from 'xstate'
import { reconcileWorkspace } from '../../src/engine/reconcile-workspace.js'
import { createTemporaryWorkspace } from '../../src/workspace/open-workspace.js'
import { everyKindOfTriple } from '../../src/testing/generate-workspace/every-kind.js'
import { generateWorkspace } from '../../src/testing/generate-workspace/generate-workspace.js'

const made: (() => void)[] = []
afterAll(() => made.forEach((remove) => remove()))

async function outcomesWith(inspect: ((event: InspectionEvent) => void) | undefined) {
  const { workspace, remove } = await createTemporaryWorkspace()
  made.push(remove)
  await generateWorkspace(workspace.root, { recipes: everyKindOfTriple() })
  const { triples } = await reconcileWorkspace(workspace, { inspect })
  return triples.map(({ index, state, outcome }) => `${index} ${state} ${outcome.type}`)
}

describe('the inspect option', () => {
  test('sees every triple and the actors it invokes', async () => {
    const seen = new Set<string>()
    const outcomes = await outcomesWith((inspection) => {
      if (inspection.type === '@xstate.actor') seen.add((inspection.actorRef as AnyActorRef).id)
    })
    expect(outcomes.length).toBeGreaterThan(10)
    expect([...seen]).toEqual(expect.arrayContaining(['surveyTriple', 'checkIds', 'moveToDone']))
  })

  test('that throws at its first call, or later, changes no outcome', async () => {
    const quiet = await outcomesWith(undefined)
    let calls = 0
    const throwing = await outcomesWith(() => {
      calls += 1
      throw new Error('an inspector of somebody else')
    })
    expect(throwing).toEqual(quiet)
    // Each triple's actor hears of it once.
    expect(calls).toBe(quiet.length)
  })
})
