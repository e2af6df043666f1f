import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { reconcileTriple } from '../../src/index.js'
import {
  countOf,
  idsUpTo,
  indexOf,
  outcomes,
  putInput,
  reportOf,
  requestLine,
  withScene,
  type Scene,
} from '../server/scene.js'
import { dresses, idsOf, putRequests, sentLines, sentTwice } from './sent-lines.js'

const sending = { shouldSubmit: true } as const

describe('an input that somebody put there', () => {
  test('is not sent when a request of it stands in another triple; both ways on are named, and work', () =>
    withScene({}, async (scene) => {
      const { root, layout } = scene.workspace
      const first = indexOf(await scene.submit(scene.requests(5)))
      const path = layout.workdirFile('input', '9')
      writeFileSync(
        path,
        idsUpTo(6)
          .map((id) => `${dresses['reordered']?.(id)}\n`)
          .join(''),
      )
      const { problem, outcome } = reportOf(await scene.run(sending), '9')
      expect([outcome.type, problem?.code]).toEqual(['needs-attention', 'RequestsSentBefore'])
      expect(problem?.message).toBe(
        `5 of 6 requests of batch_input_9.jsonl were sent before: triple ${first} (5). Nothing of it was sent.`,
      )
      expect(problem?.hint).toBe(
        `\`batch-reconciler submit ${root} ${path}\` sends only the new ones, with --again all of them; then take ${path} away.`,
      )
      expect(countOf(scene, 'files.create')).toBe(1)
      await scene.submit(path)
      expect(idsOf(sentLines(scene))).toEqual(idsUpTo(6))
      const whole = reportOf(await scene.run(sending), '9')
      expect(whole.problem?.message).toContain('6 of 6 requests of batch_input_9.jsonl were sent before')
      expect(whole.problem?.hint).toMatch(/^Take .* away\. To pay .* --again`, then take it away\.$/)
      rmSync(path)
      await scene.watch(sending)
      expect(scene.server.batches()).toHaveLength(2)
    }))

  test('is sent when nothing of it was sent, or what was sent of it failed for good', () =>
    withScene({ defaults: { rows: [{ when: 'row-2', times: 1, answer: 'bad-request' }] } }, async (scene) => {
      await scene.submit(scene.requests(3))
      await scene.watch()
      putInput(scene, '9', ['row-2', 'new'])
      expect(outcomes(await scene.run(sending))).toEqual(['pending'])
      expect(scene.server.batches()).toHaveLength(2)
    }))

  test('is not sent by a watch either, nor when its triple is run alone', () =>
    withScene({}, async (scene) => {
      const { client, clock, workspace } = scene
      await scene.submit(scene.requests(2))
      putInput(scene, '9', ['row-1'])
      expect(outcomes(await scene.watch(sending)).toSorted()).toEqual([
        'done',
        'needs-attention RequestsSentBefore',
      ])
      const alone = await reconcileTriple(workspace, { index: '9' }, { client, clock, shouldSubmit: true })
      expect(alone.problem?.code).toBe('RequestsSentBefore')
      expect(sentTwice(scene)).toEqual([])
    }))

  test('goes again once what it repeated is taken out of it', () =>
    withScene({}, async (scene) => {
      await scene.submit(scene.requests(2))
      putInput(scene, '9', ['row-1', 'new'])
      await scene.run(sending)
      putInput(scene, '9', ['new'])
      expect(outcomes(await scene.run(sending))).toEqual(['pending', 'pending'])
      expect(idsOf(sentLines(scene))).toEqual(['row-1', 'row-2', 'new'])
    }))
})

describe('two inputs that somebody put there', () => {
  test('with one request in both: the first goes, the second stops', () =>
    withScene({}, async (scene) => {
      putInput(scene, '10', ['a', 'c'])
      putInput(scene, '9', ['a', 'b'])
      const report = await scene.run({ ...sending, concurrency: 4 })
      expect(reportOf(report, '9').outcome.type).toBe('pending')
      expect(reportOf(report, '10').problem?.message).toContain('were sent before: triple 9 (1)')
      expect(idsOf(sentLines(scene))).toEqual(['a', 'b'])
    }))

  test('one that stops holds nothing back: the next may go', () =>
    withScene({}, async (scene) => {
      await scene.submit(putRequests(scene, 'a.jsonl', [requestLine('a')]))
      putInput(scene, '9', ['a', 'b'])
      putInput(scene, '10', ['b', 'c'])
      const report = await scene.run(sending)
      expect(reportOf(report, '9').problem?.code).toBe('RequestsSentBefore')
      expect(reportOf(report, '10').outcome.type).toBe('pending')
      expect(idsOf(sentLines(scene)).toSorted()).toEqual(['a', 'b', 'c'])
    }))

  test('that wait for leave hold nothing back; the register is not asked where nothing is to be sent', () =>
    withScene({}, async (scene) => {
      putInput(scene, '9', ['a'])
      putInput(scene, '10', ['a'])
      expect(outcomes(await scene.run())).toEqual(['not-submitted', 'not-submitted'])
    }))
})

test('retries repeat requests of their lineage and are sent', () =>
  withScene({ defaults: { rows: [{ when: 'a', times: 2, answer: 'server-error' }] } }, async (scene) => {
    putInput(scene, '9', ['a', 'b'])
    const report = await scene.watch(sending)
    expect(report.triples.map(({ outcome }) => outcome.type)).toEqual(['done', 'done', 'done'])
    expect(scene.server.batches()).toHaveLength(3)
  }))

test('what was sent again on request, and not confirmed, goes on', () =>
  withScene({}, async (scene) => {
    const path = scene.requests(2)
    await scene.submit(path)
    const controller = new AbortController()
    const stop = { signal: controller.signal, onEvent: () => controller.abort(), shouldSubmitAgain: true }
    await scene.submit(path, stop).catch(() => null)
    expect(outcomes(await scene.run(sending))).toEqual(['pending', 'pending'])
    expect(sentLines(scene as Scene)).toHaveLength(4)
  }))
