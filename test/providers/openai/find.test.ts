import { describe, expect, test } from 'vitest'
import { faults } from '../../../src/testing/index.js'
import {
  chatInput,
  noSignal,
  rejection,
  sendJson,
  startAtMs,
  submission,
  withFile,
  withHandler,
  withScene,
  type Scene,
} from './support.js'

const minuteMs = 60_000

/** Creates so many batches from one upload; gives the file id. */
async function createMany({ provider }: Scene, count: number): Promise<string> {
  return withFile(chatInput(1), async (path) => {
    const first = await provider.submit(submission(path), noSignal)
    const inputFileId = first.inputFileId ?? ''
    for (let made = 1; made < count; made += 1)
      await provider.submit(submission(path, { inputFileId }), noSignal)
    return inputFileId
  })
}

const listCalls = ({ server }: Scene) => server.requests('batches.list').length
const query = (inputFileId: string, createdAfterMs = startAtMs) => ({ inputFileId, createdAfterMs })

/** So many seconds younger than a batch of long ago. */
const agedBatch = (index: number, inputFileId: string) => ({
  id: `batch_${index}`,
  object: 'batch',
  status: 'validating',
  input_file_id: inputFileId,
  created_at: startAtMs / 1000 - 1_000_000 + index,
})

describe('looking for the batches of an upload', () => {
  test('finds the one whose creation was not answered', () =>
    withScene({ faults: [faults.createAnswerLost()] }, async (scene) => {
      const { facts } = await withFile(chatInput(2), (path) =>
        rejection(scene.provider.submit(submission(path), noSignal)),
      )
      const found = await scene.provider.find(query(String(facts['inputFileId'])), noSignal)
      expect(found.map(({ batchId }) => batchId)).toEqual(scene.server.batches().map(({ id }) => id))
    }))

  test('finds all of them, and none of other uploads', () =>
    withScene({}, async (scene) => {
      const mine = await createMany(scene, 2)
      await createMany(scene, 3)
      const found = await scene.provider.find(query(mine), noSignal)
      expect(found).toHaveLength(2)
      expect(await scene.provider.find(query('file-unknown'), noSignal)).toEqual([])
    }))

  test('finds it on a later page', () =>
    withScene({}, async (scene) => {
      const mine = await createMany(scene, 1)
      await createMany(scene, 230)
      expect(await scene.provider.find(query(mine), noSignal)).toHaveLength(1)
      expect(listCalls(scene)).toBe(3)
    }))

  test('goes on when full pages do not say whether there is more', () =>
    withScene({ faults: [faults.listWithoutHasMore()] }, async (scene) => {
      const mine = await createMany(scene, 1)
      await createMany(scene, 120)
      expect(await scene.provider.find(query(mine), noSignal)).toHaveLength(1)
    }))

  test('stops at batches that are older than the search, with ten minutes for wrong clocks', () =>
    withScene({}, async (scene) => {
      for (let made = 0; made < 150; made += 1) {
        await createMany(scene, 1)
        scene.server.advance(minuteMs)
      }
      const mine = await createMany(scene, 1)
      await scene.provider.find(query(mine, scene.server.now()), noSignal)
      expect(listCalls(scene)).toBe(2)
    }))

  test('does not stop at an old page of a list that runs from old to new', () =>
    withHandler(
      (request, response) => {
        const isFirst = !(request.url ?? '').includes('after=')
        const old = Array.from({ length: 100 }, (_, index) => agedBatch(index, 'file-other'))
        sendJson(
          response,
          isFirst
            ? { data: old, has_more: true }
            : { data: [agedBatch(1_000_000, 'file-1')], has_more: false },
        )
      },
      async ({ provider }) => {
        expect(await provider.find(query('file-1'), noSignal)).toHaveLength(1)
      },
    ))

  test('is content with a short list of a server that ignores `after` and always promises more', () =>
    withScene({ faults: [faults.listIgnoresAfter()] }, async (scene) => {
      await createMany(scene, 3)
      expect(await scene.provider.find(query('file-unknown'), noSignal)).toEqual([])
      expect(listCalls(scene)).toBe(2)
    }))

  test('never says "none" when the list repeats itself and hides the rest', () =>
    withScene({ faults: [faults.listIgnoresAfter()] }, async (scene) => {
      const hidden = await createMany(scene, 1)
      const shown = await createMany(scene, 100)
      const error = await rejection(scene.provider.find(query(hidden), noSignal))
      expect(error.problem).toMatchObject({ code: 'SubmissionAmbiguous', isPassing: true })
      expect(await scene.provider.find(query(shown), noSignal)).toHaveLength(100)
    }))

  test.each([
    ['a page of HTML', '<html></html>'],
    ['an error object', { error: { message: 'no' } }],
    ['null', null],
  ])('never takes %s for an empty list', (_name, body) =>
    withHandler(
      (_request, response) => sendJson(response, body),
      async ({ provider }) => {
        const error = await rejection(provider.find(query('file-1'), noSignal))
        expect(error.problem).toMatchObject({ code: 'NetworkError', isPassing: true })
      },
    ),
  )

  test.each([
    ['names the file but is no batch', { input_file_id: 'file-1', state: 'new' }],
    [
      'is a batch that does not say its file',
      { id: 'batch_1', status: 'validating', created_at: startAtMs / 1000 },
    ],
  ])('never says "none" while an entry %s', (_name, entry) =>
    withHandler(
      (_request, response) => sendJson(response, { object: 'list', data: [entry], has_more: false }),
      async ({ provider }) => {
        expect((await rejection(provider.find(query('file-1'), noSignal))).code).toBe('SubmissionAmbiguous')
      },
    ),
  )

  test('takes `data: null` of a list for an empty one', () =>
    withHandler(
      (_request, response) => sendJson(response, { object: 'list', data: null }),
      async ({ provider }) => expect(await provider.find(query('file-1'), noSignal)).toEqual([]),
    ))

  test('fails as a whole when a later page fails', () =>
    withScene({ faults: [faults.serverError('batches.list', { skip: 1 })] }, async (scene) => {
      const mine = await createMany(scene, 1)
      await createMany(scene, 120)
      expect((await rejection(scene.provider.find(query(mine), noSignal))).code).toBe('NetworkError')
    }))
})
