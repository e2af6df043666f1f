import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { planWorkspace, reconcileWorkspace, verifyWorkspace, watchWorkspace } from '../../../src/index.js'
import { putInput, withScene } from '../../server/scene.js'
import { filesBelow, withWorkspace } from '../../workspace/support.js'
import { answeredTriple, idsUpTo } from '../lines.js'
import { impatientClock, outcomes } from '../workspaces.js'

const listenersOn = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

const many = Object.assign({}, ...idsUpTo(70, '').map((index) => answeredTriple(index, ['a']))) as Record<
  string,
  string
>

describe('the signal of the caller', () => {
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  beforeEach(() => void process.on('warning', note))
  afterEach(() => {
    process.off('warning', note)
    warnings.length = 0
  })

  test('has one listener while 64 triples are at work, and none afterwards', () =>
    withWorkspace(many, async (workspace) => {
      const { signal } = new AbortController()
      let most = 0
      let live = 0
      let mostLive = 0
      const report = await reconcileWorkspace(workspace, {
        signal,
        clock: impatientClock,
        concurrency: 64,
        onEvent: ({ type }) => {
          if (type === 'triple.started') live += 1
          if (type === 'triple.settled') live -= 1
          mostLive = Math.max(mostLive, live)
          most = Math.max(most, listenersOn(signal))
        },
      })
      expect(new Set(report.triples.map(({ outcome }) => outcome.type))).toEqual(new Set(['done']))
      expect([mostLive, most, listenersOn(signal)]).toEqual([64, 1, 0])
      // Node tells of leaks in a later tick.
      await new Promise((resolve) => void setImmediate(resolve))
      expect(warnings).toEqual([])
    }))

  test('has one listener through hours of polls by the real client', () =>
    withScene({ defaults: { validatingMs: 3 * 3_600_000 } }, async (scene) => {
      putInput(scene, '1', ['a'])
      putInput(scene, '2', ['b'])
      const { signal } = new AbortController()
      let most = 0
      const onEvent = (): void => void (most = Math.max(most, listenersOn(signal)))
      expect(outcomes(await scene.watch({ signal, shouldSubmit: true, onEvent }))).toEqual([
        '1 done',
        '2 done',
      ])
      const polls = scene.server.requests('batches.list').length
      expect(polls).toBeGreaterThan(50)
      expect([most, listenersOn(signal)]).toEqual([1, 0])
      expect(warnings).toEqual([])
    }))

  test('is let go of by a call that was refused, failed or stopped, too', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const stopping = new AbortController()
      const { signal } = stopping
      await expect(reconcileWorkspace(workspace, { signal, concurrency: 0 })).rejects.toThrow('concurrency')
      await reconcileWorkspace(workspace, {
        signal,
        processOutput: () => {
          expect(listenersOn(signal)).toBe(1)
          stopping.abort()
        },
      })
      expect(listenersOn(signal)).toBe(0)
    }))

  test('that fired before the call ends it before any work, for the reason it has', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const signal = AbortSignal.abort(new Error('no time'))
      await expect(planWorkspace(workspace, { signal, shouldCheckIds: true })).rejects.toThrow('no time')
      const before = filesBelow(workspace.root)['workdir/batch_input_4.jsonl']
      expect(await reconcileWorkspace(workspace, { signal })).toMatchObject({
        isInterrupted: true,
        triples: [],
      })
      expect(await watchWorkspace(workspace, { signal })).toMatchObject({ isInterrupted: true, triples: [] })
      expect(filesBelow(workspace.root)['workdir/batch_input_4.jsonl']).toBe(before)
      await reconcileWorkspace(workspace)
      await expect(verifyWorkspace(workspace, { signal })).rejects.toThrow('no time')
    }))
})
