import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { faults, type Fault } from '../../src/testing/index.js'
import {
  countOf,
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  outcomes,
  putInput,
  reportOf,
  requestLine,
  withScene,
  type Scene,
} from './scene.js'

const slow = { defaults: { inProgressMs: 3_600_000 } } as const

const inputPath = ({ workspace }: Scene, index: string): string =>
  workspace.layout.workdirFile('input', index)

/** Whatever a person or an editor may do to a file. */
const changes: readonly (readonly [string, (text: string) => string])[] = [
  ['another request', (text) => text.replace('Say row-1.', 'Say row-9.')],
  ['a request more', (text) => `${text}${requestLine('row-4')}\n`],
  ['a request less', (text) => text.split('\n').slice(1).join('\n')],
  ['other line ends', (text) => text.replaceAll('\n', '\r\n')],
  ['no final newline', (text) => text.trimEnd()],
  ['another order', (text) => text.trimEnd().split('\n').toReversed().join('\n')],
  ['nothing but nonsense', () => 'nonsense\n'],
]

/** What left an upload at the server and no batch. */
const refusals: readonly (readonly [string, Fault])[] = [
  ['was refused', faults.serverError('batches.create', { status: 400, times: Infinity })],
  ['had no quota', faults.quotaExhausted('batches.create', { times: Infinity })],
]

describe.each(refusals)('an input whose creation %s and that was changed since', (_, refusal) => {
  test.each(changes)('is not sent: %s', (_name, change) =>
    withScene(slow, async (scene) => {
      const fault = scene.server.script(refusal)
      const index = indexOf(await scene.submit(scene.requests(3)))
      fault.stop()
      const path = inputPath(scene, index)
      const sent = readFileSync(path, 'utf8')
      writeFileSync(path, change(sent))
      const report = await scene.run()
      expect(outcomes(report)).toEqual(['needs-attention InputChanged'])
      expect(reportOf(report, index).problem?.message).toContain(path)
      expect(countOf(scene, 'batches.create')).toBe(1)
      expect(countOf(scene, 'files.create')).toBe(1)
      writeFileSync(path, sent)
      expect(outcomes(await scene.run())).toEqual(['pending'])
      expect(scene.server.batches()).toHaveLength(1)
    }),
  )
})

describe('an input that was changed', () => {
  test('after a batch that the server had no room for is not sent again', () =>
    withScene({}, async (scene) => {
      scene.server.plan({
        ending: {
          status: 'failed',
          errors: [{ code: 'token_limit_exceeded', message: 'No room.', param: null, line: null }],
        },
      })
      const index = indexOf(await scene.submit(scene.requests(3)))
      scene.server.finishBatches()
      writeFileSync(inputPath(scene, index), `${requestLine('row-7')}\n`)
      expect(outcomes(await scene.run())).toEqual(['pending BatchFailed'])
      const report = await scene.run()
      expect(outcomes(report)).toEqual(['needs-attention InputChanged'])
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('does not keep a batch that was made of the sent one from being found', () =>
    withScene(slow, async (scene) => {
      const list = scene.server.script(faults.serverError('batches.list', { times: Infinity }))
      scene.server.script(faults.createAnswerLost())
      const index = indexOf(await scene.submit(scene.requests(3)))
      list.stop()
      appendFileSync(inputPath(scene, index), `${requestLine('row-4')}\n`)
      await scene.run()
      expect((await metadataOf(scene, index)).batch_id).toBe(scene.server.batches()[0]?.id)
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('before anything was uploaded is simply the input', () =>
    withScene({}, async (scene) => {
      scene.server.script(faults.connectionReset('files.create', { times: Infinity })).stop()
      putInput(scene, '7', idsUpTo(2))
      const fault = scene.server.script(faults.serverError('files.create', { status: 400, times: Infinity }))
      await scene.run({ shouldSubmit: true })
      fault.stop()
      putInput(scene, '7', idsUpTo(3))
      await scene.run({ shouldSubmit: true })
      await scene.watch()
      await expectSettled(scene, '7', idsUpTo(3))
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('while it was uploaded makes no batch, and is uploaded again', () =>
    withScene({}, async (scene) => {
      putInput(scene, '7', idsUpTo(2))
      let uploads = 0
      scene.server.script({
        on: 'files.create',
        when: () => {
          uploads += 1
          if (uploads === 1) putInput(scene, '7', idsUpTo(3))
          return false
        },
        effect: { type: 'reset' },
        times: 1,
      })
      await scene.run({ shouldSubmit: true })
      await scene.watch()
      expect(uploads).toBeGreaterThan(1)
      expect(scene.server.batches()).toHaveLength(1)
      await expectSettled(scene, '7', idsUpTo(3))
    }))
})

describe('one batch that is the answer to two creations', () => {
  test('belongs to the first; the second is searched for and never made twice', () =>
    withScene(slow, async (scene) => {
      const batchOf = new Map<string, string>()
      scene.server.script({
        on: 'batches.create',
        times: Infinity,
        effect: {
          type: 'report',
          change: (batch) => {
            batchOf.set(batch.input_file_id, batch.id)
            return { ...batch, id: [...batchOf.values()][0] }
          },
        },
      })
      const report = await scene.submit([scene.requests(['a'], 'a.jsonl'), scene.requests(['b'], 'b.jsonl')])
      expect(outcomes(report)).toEqual(['pending', 'pending'])
      const ids = await Promise.all(
        report.prepared.map(async ({ index }) => (await metadataOf(scene, index)).batch_id),
      )
      expect(new Set(ids)).toEqual(new Set(scene.server.batches().map(({ id }) => id)))
      expect(scene.server.batches()).toHaveLength(2)
    }))
})
