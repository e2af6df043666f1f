import { describe, expect, test } from 'vitest'
import { createTripleCommands } from '../../../src/engine/triple-commands.js'
import { liveSource } from '../../../src/inspect/sources/live-source.js'
import { workspaceSource } from '../../../src/inspect/sources/workspace-source.js'
import { storyOf } from '../../../src/engine/triple-story.js'
import { faults } from '../../../src/testing/index.js'
import { indexOf, withScene, type Scene } from '../../server/scene.js'

const hourMs = 3_600_000

/** The page's side and the run's side of one workspace. */
async function inspected({ workspace, clock }: Scene) {
  const commands = createTripleCommands()
  const stop = new AbortController()
  const source = liveSource(await workspaceSource(workspace, { clock }), { clock, commands })
  const press = (index: string, type: 'triple.retry' | 'triple.rescan') => source.command?.(index, type)
  return { source, commands, stop, press, options: { commands, signal: stop.signal, shouldStay: true } }
}

describe('a live run', () => {
  test('moves a failed triple when retry is pressed', () =>
    withScene({}, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(3)))
      const { source, stop, press, options } = await inspected(scene)
      scene.server.script(faults.fileGone({ times: 2 }))
      const answers: unknown[] = []
      const stories: unknown[] = []
      await scene.watch({
        ...options,
        onEvent: (event) => {
          source.onEvent(event)
          if (event.type !== 'triple.settled') return
          const summary = source.summary(index)
          if (summary !== null) stories.push(storyOf(summary, scene.clock.now()).stuck)
          expect(summary?.restedAtMs).toBe(scene.clock.now())
          if (summary?.state === 'done') setImmediate(() => stop.abort())
          else if (event.report.problem !== null)
            setImmediate(() => answers.push(press(index, 'triple.retry')))
        },
      })
      expect(answers).toEqual(answers.map(() => ({ type: 'accepted' })))
      expect(answers.length).toBeGreaterThan(0)
      expect(stories.at(-1)).toBeNull()
      expect(stories.filter((stuck) => stuck !== null).length).toBeGreaterThan(0)
      expect(source.summary(index)).toMatchObject({ state: 'done', problem: null, requests: 3, missing: 0 })
      const detail = await source.detail(index, { withRowTexts: false })
      expect(detail).toMatchObject({ problem: null, counts: { input: 3 }, summary: { state: 'done' } })
      expect(detail?.steps.map(({ event }) => event)).toContain('triple.retry')
    }))

  test('takes a row away when the files are gone', () =>
    withScene({ defaults: { inProgressMs: 5 * hourMs } }, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(3)))
      const { source } = await inspected(scene)
      const told: (string | null)[] = []
      source.subscribe((each) => told.push(each))
      source.onEvent({ type: 'triple.gone', index })
      source.onEvent({ type: 'triple.gone', index: 'unknown' })
      expect(told).toEqual([index])
      expect([source.summary(index), source.summaries()]).toEqual([null, []])
    }))

  test('keeps since when it waits over polls that change nothing', () =>
    withScene({ defaults: { inProgressMs: 5 * hourMs } }, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(3)))
      const { source, options, stop } = await inspected(scene)
      const waits: { readonly sinceMs: number | null; readonly pollAtMs: number | null }[] = []
      const next: (number | null)[] = []
      await scene.watch({
        ...options,
        pollDelayMs: hourMs,
        onEvent: (event) => {
          source.onEvent(event)
          const summary = source.summary(index)
          if (event.type === 'poll.scheduled') next.push(summary?.nextPollAtMs ?? null)
          if (event.type === 'triple.settled' && summary?.state === 'awaiting-online-files.waiting') {
            waits.push({ sinceMs: summary.stateSinceMs, pollAtMs: summary.lastPollAtMs })
          }
          if (event.type === 'triple.settled' && event.report.outcome.type === 'done') stop.abort()
        },
      })
      expect(waits.length).toBeGreaterThan(3)
      expect(new Set(waits.map(({ sinceMs }) => sinceMs)).size).toBe(1)
      expect(new Set(waits.map(({ pollAtMs }) => pollAtMs)).size).toBe(waits.length)
      expect(next.slice(0, 3).every((atMs) => atMs !== null)).toBe(true)
    }))

  test('says why it refuses a command, and takes none once it is over', () =>
    withScene({}, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(1)))
      const { source, press, commands } = await inspected(scene)
      const told: (string | null)[] = []
      source.subscribe((one) => told.push(one))
      expect(press('../../etc', 'triple.retry')).toEqual({
        type: 'refused',
        reason: 'There is no such triple.',
      })
      expect(press('__proto__', 'triple.rescan')).toMatchObject({ type: 'refused' })
      await scene.watch({ onEvent: source.onEvent })
      expect(press(index, 'triple.retry')).toEqual({ type: 'refused', reason: 'The triple is done.' })
      expect(source.isOver).toBe(false)
      source.end()
      expect(source.isOver).toBe(true)
      expect(told.at(-1)).toBeNull()
      expect(press(index, 'triple.rescan')).toEqual({ type: 'refused', reason: 'The run is over.' })
      expect(source.summaries().some(({ isAtWork }) => isAtWork)).toBe(false)
      expect(commands.take().size).toBe(0)
    }))

  test('without a way to the run is read-only', () =>
    withScene({}, async ({ workspace, clock }) => {
      expect(liveSource(await workspaceSource(workspace, { clock }), { clock }).command).toBeNull()
    }))

  test('shows a retry that was born during the run, in its place in the list', () =>
    withScene(
      { defaults: { rows: [{ when: 'row-2', times: 1, answer: 'rate-limited' }] } },
      async (scene) => {
        const index = indexOf(await scene.submit(scene.requests(3)))
        const { source } = await inspected(scene)
        const born: string[] = []
        await scene.watch({
          onEvent: (event) => {
            source.onEvent(event)
            if (event.type === 'retry.written') born.push(event.retryIndex)
          },
        })
        const [retryIndex = ''] = born
        const detail = await source.detail(retryIndex, { withRowTexts: false })
        expect(detail).toMatchObject({ parentIndex: index, summary: { rootIndex: index, attempt: 2 } })
        const indices = source.summaries().map((one) => one.index)
        expect(indices).toEqual(indices.toSorted())
        expect(await source.detail('12345', { withRowTexts: false })).toBeNull()
        expect(await source.replay('12345')).toBeNull()
      },
    ))
})
