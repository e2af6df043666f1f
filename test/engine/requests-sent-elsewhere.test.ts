import { readFileSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { adoptBatch } from '../../src/index.js'
import { faults } from '../../src/testing/index.js'
import {
  countOf,
  idsUpTo,
  indexOf,
  outcomes,
  putInput,
  reportOf,
  warningsOf,
  withScene,
  type Scene,
} from '../server/scene.js'
import { madeOf } from './made-elsewhere.js'

const sending = { shouldSubmit: true } as const

/** An input that somebody put there, and a batch of its bytes that somebody made by other means; gives its id. */
async function putAndMadeElsewhere(scene: Scene, index: string): Promise<string> {
  putInput(scene, index, idsUpTo(3))
  return madeOf(scene, readFileSync(scene.workspace.layout.workdirFile('input', index)))
}

describe('an input of whose bytes the server has a batch that nobody here knows', () => {
  test('is not sent: the batch is taken up by the command that is named', () =>
    withScene({}, async (scene) => {
      const { root } = scene.workspace
      const batchId = await putAndMadeElsewhere(scene, '7')
      const { problem, outcome } = reportOf(await scene.run(sending), '7')
      expect([outcome.type, problem?.code]).toEqual(['needs-attention', 'RequestsSentBefore'])
      expect(problem?.message).toContain(`${batchId} of 2026-01-02T03:04Z (`)
      expect(problem?.hint).toContain(`\`batch-reconciler adopt ${root} 7 ${batchId}\``)
      expect(countOf(scene, 'files.create')).toBe(1)
      const { client, clock } = scene
      await adoptBatch(scene.workspace, '7', batchId, { client, clock })
      expect(outcomes(await scene.watch(sending))).toEqual(['done'])
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('is sent once more by the other command that is named', () =>
    withScene({}, async (scene) => {
      await putAndMadeElsewhere(scene, '7')
      const path = scene.workspace.layout.workdirFile('input', '7')
      const { problem } = reportOf(await scene.run(sending), '7')
      expect(problem?.hint).toContain(
        `submit ${scene.workspace.root} ${path} --again\`, then take ${path} away.`,
      )
      await scene.submit(path, { shouldSubmitAgain: true })
      rmSync(path)
      expect(outcomes(await scene.watch(sending))).toEqual(['done'])
      expect(scene.server.batches()).toHaveLength(2)
    }))

  test('may be one of ours whose metadata and journal are gone', () =>
    withScene({}, async (scene) => {
      const { layout } = scene.workspace
      const index = indexOf(await scene.submit(scene.requests(3)))
      rmSync(layout.workdirFile('metadata', index))
      rmSync(layout.journalFile(index))
      const report = await scene.run(sending)
      expect(reportOf(report, index).problem?.code).toBe('RequestsSentBefore')
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('stops no other one, and the server is asked once for all', () =>
    withScene({}, async (scene) => {
      await putAndMadeElsewhere(scene, '7')
      putInput(scene, '8', ['x'])
      putInput(scene, '9', ['y'])
      const report = await scene.run(sending)
      expect(report.triples.map(({ index, outcome }) => [index, outcome.type])).toEqual([
        ['7', 'needs-attention'],
        ['8', 'pending'],
        ['9', 'pending'],
      ])
      expect(countOf(scene, 'files.list')).toBe(1)
    }))

  test('is looked for again when the input is another one by now', () =>
    withScene({}, async (scene) => {
      await putAndMadeElsewhere(scene, '7')
      await scene.run(sending)
      putInput(scene, '7', ['another'])
      expect(outcomes(await scene.run(sending))).toEqual(['pending'])
      expect(scene.server.batches()).toHaveLength(2)
    }))
})

describe('an input is sent', () => {
  test('when a batch as long as it is has other bytes', () =>
    withScene({}, async (scene) => {
      putInput(scene, '7', ['a'])
      const bytes = readFileSync(scene.workspace.layout.workdirFile('input', '7'), 'utf8')
      await madeOf(scene, bytes.replaceAll('Say a', 'Say b'))
      expect(outcomes(await scene.run(sending))).toEqual(['pending'])
    }))

  test('with a word when the server cannot be asked what it has', () =>
    withScene({}, async (scene) => {
      scene.server.script(faults.serverError('files.list', {}))
      putInput(scene, '7', ['a'])
      expect(outcomes(await scene.run(sending))).toEqual(['pending'])
      expect(warningsOf(scene)).toContainEqual(expect.stringContaining('could not be looked up'))
    }))

  test('without a look when `submit` wrote it, or it is a retry', () =>
    withScene(
      { defaults: { rows: [{ when: 'row-2', times: 1, answer: 'server-error' }] } },
      async (scene) => {
        await scene.submit(scene.requests(3))
        const asked = countOf(scene, 'files.list')
        expect(outcomes(await scene.watch(sending))).toEqual(['done', 'done'])
        expect(countOf(scene, 'files.list')).toBe(asked)
      },
    ))
})
