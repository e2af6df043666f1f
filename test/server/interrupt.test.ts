import { describe, expect, test } from 'vitest'
import { isBatchReconciliationError, readWorkspaceLock, type ReconciliationEvent } from '../../src/index.js'
import type { Fault } from '../../src/testing/index.js'
import { expectNothingLostOrPaidTwice, secondFailsOnce, submitAndWatch } from './life.js'
import { idsUpTo, namesIn, outcomes, withScene, type Scene } from './scene.js'

const options = { defaults: secondFailsOnce }

/** A journal gathers its entries for so long; the clock may go on to its timer while a slow disk is waited for. */
const journalPauseMs = 1_000

/** Lives until the signal ends it; anything but a clean end fails the test. */
async function liveUntil(scene: Scene, controller: AbortController): Promise<void> {
  const startedAtMs = scene.clock.elapsedMs()
  let abortedAtMs = startedAtMs
  controller.signal.addEventListener('abort', () => void (abortedAtMs = scene.clock.elapsedMs()))
  try {
    await submitAndWatch(scene, { signal: controller.signal })
  } catch (error) {
    if (!isBatchReconciliationError(error) || error.code !== 'Interrupted') throw error
  }
  const hangMs = controller.signal.aborted ? scene.clock.elapsedMs() - abortedAtMs : 0
  expect(hangMs).toBeLessThanOrEqual(journalPauseMs)
  expect((await readWorkspaceLock(scene.workspace)).type).toBe('free')
  expect(namesIn(scene, 'workdir').filter((name) => /\.tmp$|\.part$/.test(name))).toEqual([])
}

describe('a stop while the server is asked', () => {
  test.each([
    ['before it did anything', false],
    ['after it did what was asked', true],
  ])(
    '%s is clean at every call, and the next run goes on',
    async (_, isExecuted) => {
      let calls = 0
      for (let skip = 0; calls === skip; skip += 1) {
        await withScene(options, async (scene) => {
          const controller = new AbortController()
          const stop: Fault = {
            on: 'all',
            skip,
            when: (call) => {
              if (scene.server.requests().length === skip + 1) setImmediate(() => controller.abort())
              return call.number > 0
            },
            effect: { type: 'silence', isExecuted },
          }
          const fault = scene.server.script(stop)
          await liveUntil(scene, controller)
          calls += fault.hits()
          await expectNothingLostOrPaidTwice(scene)
        }).catch((cause: unknown) => {
          throw new Error(`stopped at call ${skip + 1}`, { cause })
        })
      }
      expect(calls).toBeGreaterThan(10)
    },
    120_000,
  )
})

describe('a stop at any other moment', () => {
  test('is clean at every event, and the next run goes on', async () => {
    let stops = 0
    for (let nth = 1; stops === nth - 1; nth += 1) {
      await withScene(options, async (scene) => {
        const controller = new AbortController()
        const push = scene.events.push.bind(scene.events)
        scene.events.push = (...events) => {
          const count = push(...events)
          if (count === nth) controller.abort()
          return count
        }
        await liveUntil(scene, controller)
        if (controller.signal.aborted) stops += 1
        await expectNothingLostOrPaidTwice(scene)
      }).catch((cause: unknown) => {
        throw new Error(`stopped at event ${nth}`, { cause })
      })
    }
    expect(stops).toBeGreaterThan(60)
  }, 120_000)

  test('before anything began changes nothing', () =>
    withScene(options, async (scene) => {
      const controller = new AbortController()
      controller.abort()
      await liveUntil(scene, controller)
      expect(scene.server.requests()).toEqual([])
      await expectNothingLostOrPaidTwice(scene)
    }))

  test('in the hour a server asked for does not sit it out', () =>
    withScene(options, async (scene) => {
      const controller = new AbortController()
      scene.server.script({
        on: 'files.create',
        effect: { type: 'answer', status: 429, body: {}, headers: { 'retry-after': '3600' } },
      })
      scene.clock.setTimeout(() => controller.abort(), 60_000)
      await liveUntil(scene, controller)
      expect(scene.clock.elapsedMs()).toBe(60_000)
      await expectNothingLostOrPaidTwice(scene)
    }))

  test('at the moment a poll is planned is no end of the work either', () =>
    withScene({ defaults: { inProgressMs: 3_600_000 } }, async (scene) => {
      await scene.submit(scene.requests(idsUpTo(3)))
      const controller = new AbortController()
      const onEvent = ({ type }: ReconciliationEvent): void => {
        if (type === 'poll.scheduled') controller.abort()
      }
      const stopped = await scene.watch({ signal: controller.signal, onEvent })
      expect([stopped.isInterrupted, outcomes(stopped)]).toEqual([true, ['pending']])
      const ended = await scene.watch()
      expect([ended.isInterrupted, outcomes(ended)]).toEqual([false, ['done']])
    }))

  test('between two polls ends the watch at once, without another look', () =>
    withScene({ defaults: { inProgressMs: 3_600_000 } }, async (scene) => {
      await scene.submit(scene.requests(idsUpTo(3)))
      const controller = new AbortController()
      scene.clock.setTimeout(() => controller.abort(), 150_000)
      const report = await scene.watch({ signal: controller.signal })
      const after = scene.server.requests().filter(({ atMs }) => atMs >= scene.server.now() - 1)
      expect(after).toEqual([])
      expect(report.isInterrupted).toBe(true)
      expect(outcomes(report)).toEqual(['pending'])
      expect(scene.events.filter((event) => event.type === 'warning')).toEqual([])
    }))
})
