import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect'
import type { ReceiverEvent } from '@xstate/inspect'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { reconcileWorkspace } from '../../../src/engine/reconcile-workspace.js'
import type { ViewerMessage } from '../../../src/inspect/xstate-inspect/inspected-actor.js'
import { withScene } from '../../server/scene.js'

describe('inspectors of others', () => {
  test('messages of the bridge are those that @xstate/inspect knows', () => {
    expectTypeOf<ViewerMessage>().toExtend<ReceiverEvent>()
    expectTypeOf<ViewerMessage['type']>().toEqualTypeOf<ReceiverEvent['type']>()
  })

  test('@statelyai/inspect sees every triple through the option inspect', () =>
    withScene({}, async (scene) => {
      await scene.submit(scene.requests(3))
      const sent: StatelyInspectionEvent[] = []
      const inspector = createInspector({ send: (event) => void sent.push(event) })
      const { triples } = await reconcileWorkspace(scene.workspace, {
        client: scene.client,
        clock: scene.clock,
        inspect: inspector.inspect,
      })
      await new Promise((resolve) => setTimeout(resolve, 0))
      expect(triples).toHaveLength(1)
      expect(sent.map(({ type }) => type)).toEqual(
        expect.arrayContaining(['@xstate.actor', '@xstate.event', '@xstate.snapshot']),
      )
      const names = sent.flatMap((event) => (event.type === '@xstate.actor' ? [event.name] : []))
      expect(names).toContain('surveyTriple')
    }))
})
