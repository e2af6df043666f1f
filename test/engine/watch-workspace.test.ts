import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createTripleCommands, type ReconciliationEvent, type WatchOptions } from '../../src/index.js'
import { answerLine, jsonl, requestLine } from './lines.js'
import { indexOf, outcomes, reportOf, withScene, type Scene } from '../server/scene.js'

const hourMs = 3_600_000
/** One batch of another triple keeps the watch going for a while. */
const slow = { defaults: { inProgressMs: 5 * hourMs } } as const

/** Triple 1, which needs a person: an answer is to a request nobody made. */
function putStuck({ workspace: { layout } }: Scene): void {
  writeFileSync(layout.workdirFile('input', '1'), jsonl(requestLine('a')))
  writeFileSync(layout.workdirFile('output', '1'), jsonl(answerLine('a', 'yes'), answerLine('b', 'no')))
}

/** Watches, and acts after the poll with this number; gives the report and how often triple 1 came to rest. */
async function watched(scene: Scene, act: (poll: number) => void, options: WatchOptions = {}) {
  let polls = 0
  const rests: string[] = []
  const onEvent = (event: ReconciliationEvent): void => {
    if (event.type === 'triple.settled' && event.report.index === '1') rests.push(event.report.outcome.type)
    if (event.type !== 'poll.scheduled') return
    polls += 1
    const poll = polls
    setImmediate(() => act(poll))
  }
  const report = await scene.watch({ pollDelayMs: hourMs, onEvent, ...options })
  return { report, rests, polls }
}

describe('a triple that needs a person', () => {
  test('is not looked at again while none of its files changes', () =>
    withScene(slow, async (scene) => {
      putStuck(scene)
      indexOf(await scene.submit(scene.requests(2)))
      const { report, rests, polls } = await watched(scene, () => {})
      expect(polls).toBeGreaterThan(2)
      expect(rests).toEqual(['needs-attention'])
      expect(outcomes(report).toSorted()).toEqual(['done', 'needs-attention RequestIdsMismatch'])
    }))

  test('is looked at again once when its files changed, and goes on when they are right', () =>
    withScene(slow, async (scene) => {
      putStuck(scene)
      indexOf(await scene.submit(scene.requests(2)))
      const path = scene.workspace.layout.workdirFile('output', '1')
      const { report, rests } = await watched(scene, (poll) => {
        if (poll === 2) writeFileSync(path, jsonl(answerLine('a', 'yes')))
      })
      expect(rests).toEqual(['needs-attention', 'done'])
      expect(reportOf(report, '1').outcome.type).toBe('done')
    }))

  test.each([
    ['a file was taken away', (scene: Scene) => rmSync(scene.workspace.layout.workdirFile('output', '1'))],
    [
      'a file was put there',
      (scene: Scene) => writeFileSync(scene.workspace.layout.workdirFile('error', '1'), ''),
    ],
  ])('is looked at again when %s, and rests again', (_, change) =>
    withScene(slow, async (scene) => {
      putStuck(scene)
      indexOf(await scene.submit(scene.requests(2)))
      const { rests } = await watched(scene, (poll) => {
        if (poll === 2) change(scene)
      })
      expect(rests).toHaveLength(2)
    }),
  )

  test('is looked at again when a command says so, and then rests again', () =>
    withScene(slow, async (scene) => {
      putStuck(scene)
      indexOf(await scene.submit(scene.requests(2)))
      const commands = createTripleCommands()
      const { rests } = await watched(
        scene,
        (poll) => {
          if (poll === 1) commands.request({ index: '1', type: 'triple.rescan' })
        },
        { commands },
      )
      expect(rests).toEqual(['needs-attention', 'needs-attention'])
    }))
})

describe('the next poll', () => {
  test.each([
    ['shorter than the wait', 'when the rest of it is over', 0.5, 0.5, 0.75],
    ['longer', 'after a quarter of what it took', 2, 0.5, 0.51],
  ])(
    'after a pass that was %s comes %s: the wait is counted from the last poll',
    (_took, _comes, hours, least, most) => {
      let spentMs = 0
      return withScene(
        { ...slow, bendClock: (clock) => ({ ...clock, monotonicMs: () => performance.now() + spentMs }) },
        async (scene) => {
          await scene.submit(scene.requests(2))
          const delaysMs: number[] = []
          const stopping = new AbortController()
          await scene.watch({
            pollDelayMs: hourMs,
            signal: stopping.signal,
            onEvent: (event) => {
              if (event.type === 'triple.settled') spentMs += hours * hourMs
              if (event.type !== 'poll.scheduled') return
              delaysMs.push(event.delayMs / hourMs)
              if (delaysMs.length === 2) stopping.abort()
            },
          })
          expect(Math.min(...delaysMs)).toBeGreaterThanOrEqual(least)
          expect(Math.max(...delaysMs)).toBeLessThanOrEqual(most)
          expect(delaysMs).toHaveLength(2)
        },
      )
    },
  )
})
