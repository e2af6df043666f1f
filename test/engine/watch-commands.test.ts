import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { AnyActorRef } from 'xstate'
import { createTripleCommands, type ReconciliationEvent } from '../../src/index.js'
import { readJournal } from '../../src/workspace/journal.js'
import { faults } from '../../src/testing/index.js'
import { countOf, outcomes, withScene, type Scene } from '../server/scene.js'

const hourMs = 3_600_000
const slow = { defaults: { inProgressMs: 2 * hourMs } } as const

/** Calls back at each event, in a later turn, as a person would. */
const when =
  (isMeant: (event: ReconciliationEvent) => boolean, act: () => void) =>
  (event: ReconciliationEvent): void => {
    if (isMeant(event)) setImmediate(act)
  }

const lastStates = async (scene: Scene, index: string): Promise<readonly string[]> =>
  (await readJournal(scene.workspace, index)).entries.map(({ event, to }) => `${event} ${to}`)

const isPoll = ({ type }: ReconciliationEvent): boolean => type === 'poll.scheduled'

/** The index of the only triple. */
async function submitted(scene: Scene): Promise<string> {
  const report = await scene.submit(scene.requests(3))
  return String(report.prepared[0]?.index)
}

describe('a watch', () => {
  test('polls with one actor for each triple from its start to its end', () =>
    withScene(slow, async (scene) => {
      const index = await submitted(scene)
      const actors = new Set<AnyActorRef>()
      await scene.watch({
        inspect: ({ actorRef, rootId }) => {
          if (actorRef.sessionId === rootId) actors.add(actorRef as AnyActorRef)
        },
      })
      expect(actors.size).toBe(1)
      const states = await lastStates(scene, index)
      expect(states.filter((one) => one.startsWith('poll.due')).length).toBeGreaterThan(50)
      expect(states.at(-1)).toContain('done')
    }))

  test('wakes a failed triple when a person says retry, and by no other way', () =>
    withScene({}, async (scene) => {
      const index = await submitted(scene)
      const commands = createTripleCommands()
      const stop = new AbortController()
      scene.server.script(faults.fileGone({ times: 2 }))
      const settled: string[] = []
      const report = await scene.watch({
        commands,
        signal: stop.signal,
        shouldStay: true,
        onEvent: (event) => {
          if (event.type !== 'triple.settled') return
          settled.push(event.report.state)
          if (event.report.outcome.type === 'done') setImmediate(() => stop.abort())
          if (event.report.outcome.type === 'needs-attention' || event.report.outcome.type === 'failed') {
            setImmediate(() => commands.request({ index, type: 'triple.retry' }))
          }
        },
      })
      expect(settled).toEqual(expect.arrayContaining(['failed', 'done']))
      expect(outcomes(report)).toEqual(['done'])
      expect(report.isInterrupted).toBe(false)
      expect(await lastStates(scene, index)).toContain('triple.retry deciding.surveying')
      expect(countOf(scene, 'batches.create')).toBe(1)
    }))

  test('asks the server at once when a person says so, and stays with its own times', () =>
    withScene(slow, async (scene) => {
      const index = await submitted(scene)
      const commands = createTripleCommands()
      let polls = 0
      const stop = new AbortController()
      const pressed = when(isPoll, () => {
        polls += 1
        if (polls === 1) commands.request({ index, type: 'triple.retry' })
        else stop.abort()
      })
      await scene.watch({ commands, signal: stop.signal, onEvent: pressed, pollDelayMs: hourMs })
      expect(await lastStates(scene, index)).toContain('triple.retry awaiting-online-files.checking')
    }))

  test('without polls asks once, stays, and leaves in good order when it is stopped', () =>
    withScene(slow, async (scene) => {
      await submitted(scene)
      const stop = new AbortController()
      const calls = (): number => countOf(scene, 'batches.list') + countOf(scene, 'batches.retrieve')
      const before = calls()
      const report = await scene.watch({
        shouldPoll: false,
        shouldStay: true,
        signal: stop.signal,
        onEvent: when(
          ({ type }) => type === 'triple.settled',
          () => scene.clock.setTimeout(() => stop.abort(), 48 * hourMs),
        ),
      })
      expect(calls() - before).toBe(1)
      expect(outcomes(report)).toEqual(['pending'])
      expect(report.isInterrupted).toBe(false)
    }))

  test('looks at the files again when they changed under a triple that waits', () =>
    withScene(slow, async (scene) => {
      const index = await submitted(scene)
      let polls = 0
      const { workspace } = scene
      await scene.watch({
        onEvent: when(
          ({ type }) => type === 'poll.scheduled',
          () => {
            polls += 1
            const path = workspace.layout.workdirFile('input', index)
            if (polls === 1) rmSync(path)
            if (polls === 1) writeFileSync(workspace.layout.workdirFile('error', index), '')
          },
        ),
      })
      expect(await lastStates(scene, index)).toEqual(
        expect.arrayContaining([
          'triple.rescan deciding.surveying',
          'xstate.done.actor.surveyTriple missing-input',
        ]),
      )
    }))

  test('opens what was closed for the whole run when a person says retry', () =>
    withScene({ faults: [faults.quotaExhausted('batches.create', { times: 1 })] }, async (scene) => {
      const [first = '', second = ''] = ['7', '8'].map((index) => {
        const path = scene.requests([`row-${index}`], `${index}.jsonl`)
        renameSync(path, scene.workspace.layout.workdirFile('input', index))
        return index
      })
      const commands = createTripleCommands()
      const stop = new AbortController()
      let rests = 0
      const report = await scene.watch({
        commands,
        signal: stop.signal,
        shouldStay: true,
        shouldSubmit: true,
        onEvent: (event) => {
          if (event.type === 'triple.settled' && event.report.outcome.type === 'done')
            setImmediate(() => stop.abort())
          if (event.type !== 'watch.resting') return
          rests += 1
          // Both stopped at the first one's refusal; credit was added since.
          if (rests === 1) setImmediate(() => commands.request({ index: second, type: 'triple.retry' }))
        },
      })
      expect(countOf(scene, 'batches.create')).toBe(2)
      expect(
        report.triples.map(({ index, outcome, problem }) => [index, outcome.type, problem?.code]),
      ).toEqual([
        [first, 'needs-attention', 'QuotaExhausted'],
        [second, 'done', undefined],
      ])
    }))

  test('lets go of a triple whose files somebody took away, and says so', () =>
    withScene(slow, async (scene) => {
      const index = await submitted(scene)
      const { layout } = scene.workspace
      let polls = 0
      const gone: string[] = []
      const report = await scene.watch({
        onEvent: (event) => {
          if (event.type === 'triple.gone') gone.push(event.index)
          if (event.type !== 'poll.scheduled') return
          polls += 1
          if (polls === 1)
            for (const kind of ['input', 'metadata'] as const) rmSync(layout.workdirFile(kind, index))
        },
      })
      expect(gone).toEqual([index])
      expect(report.triples).toEqual([])
      expect(polls).toBe(1)
    }))

  test('lets go of one that waited for a person as well', () =>
    withScene(slow, async (scene) => {
      await submitted(scene)
      const { layout } = scene.workspace
      writeFileSync(layout.workdirFile('output', '9'), '')
      const gone: string[] = []
      let polls = 0
      const report = await scene.watch({
        onEvent: (event) => {
          if (event.type === 'triple.gone') gone.push(event.index)
          if (event.type !== 'poll.scheduled') return
          polls += 1
          if (polls === 1) rmSync(layout.workdirFile('output', '9'))
        },
      })
      expect(gone).toEqual(['9'])
      expect(outcomes(report)).toEqual(['done'])
    }))

  test('looks again at what waits for a person when only permissions changed', () =>
    withScene(slow, async (scene) => {
      await submitted(scene)
      const path = scene.workspace.layout.workdirFile('output', '9')
      writeFileSync(path, '')
      let polls = 0
      const settled: string[] = []
      await scene.watch({
        onEvent: (event) => {
          if (event.type === 'triple.settled' && event.index === '9') settled.push(event.report.state)
          if (event.type !== 'poll.scheduled') return
          polls += 1
          if (polls === 2) chmodSync(path, 0o600)
        },
      })
      expect(polls).toBeGreaterThan(3)
      expect(settled).toEqual(['missing-input', 'missing-input'])
    }))

  test('ignores commands for triples that are not there', () =>
    withScene({}, async (scene) => {
      await submitted(scene)
      const commands = createTripleCommands()
      commands.request({ index: '../../etc', type: 'triple.retry' })
      expect(outcomes(await scene.watch({ commands }))).toEqual(['done'])
    }))
})
