import { expect, test } from 'vitest'
import { createActor, toPromise } from 'xstate'
import { defineStepActor } from '../../src/actors/step-actor.js'
import { stepScene } from './support.js'

test('the actor of a step gives what the step gives, and hands its input and the dependencies of its triple over', async () => {
  const scene = await stepScene({})
  const dependencies = scene.anew()
  const logic = defineStepActor(
    (given, input: { readonly index: string }) => Promise.resolve([given === dependencies, input.index]),
    (index) => (index === '7' ? dependencies : scene.anew()),
  )
  const actor = createActor(logic, { input: { index: '7' } })
  actor.start()
  expect(await toPromise(actor)).toEqual([true, '7'])
})

test('a stopped actor fires the signal, and the step counts as at work until it ended', async () => {
  const scene = await stepScene({})
  const dependencies = scene.anew()
  const events: string[] = []
  const step = async (_: unknown, _input: unknown, signal: AbortSignal): Promise<void> => {
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        events.push('aborted')
        setImmediate(resolve)
      })
    })
    events.push('ended')
  }
  const actor = createActor(
    defineStepActor(step, () => dependencies),
    { input: { index: '7' } },
  )
  actor.start()
  actor.stop()
  expect(events).toEqual(['aborted'])
  await dependencies.stepsAtWork.settled()
  expect(events).toEqual(['aborted', 'ended'])
})
