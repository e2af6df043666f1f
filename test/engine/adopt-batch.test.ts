import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { adoptBatch } from '../../src/index.js'
import {
  countOf,
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  outcomes,
  putInput,
  rejection,
  withScene,
  type Scene,
} from '../server/scene.js'

const adopt = ({ workspace, client, clock }: Scene, index: string, batchId: string) =>
  adoptBatch(workspace, index, batchId, { client, clock })

/** Submits five requests, then loses the metadata; gives index and batch. */
async function lost(scene: Scene): Promise<{ readonly index: string; readonly batchId: string }> {
  const index = indexOf(await scene.submit(scene.requests(5)))
  const batchId = (await metadataOf(scene, index)).batch_id ?? ''
  rmSync(scene.workspace.layout.workdirFile('metadata', index))
  return { index, batchId }
}

const metadataText = ({ workspace }: Scene, index: string): string =>
  readFileSync(workspace.layout.workdirFile('metadata', index), 'utf8')

/** How a refusal reads; it must not have touched the metadata. */
async function refusal(scene: Scene, index: string, batchId: string): Promise<string> {
  const before = metadataText(scene, index)
  const error = await rejection(adopt(scene, index, batchId))
  expect(error.code).toBe('AdoptionRefused')
  expect(error.hint).not.toBe('')
  expect(metadataText(scene, index)).toBe(before)
  return error.message
}

describe('a triple whose batch id was lost', () => {
  test('gets its batch back, and the next runs download, prove and move it without another batch', () =>
    withScene({}, async (scene) => {
      const { index, batchId } = await lost(scene)
      const { batch, isKnown } = await adopt(scene, index, batchId)
      expect([batch.batchId, isKnown]).toEqual([batchId, false])
      expect(await metadataOf(scene, index)).toMatchObject({
        batch_id: batchId,
        input_file_id: scene.server.batches()[0]?.input_file_id,
        endpoint: '/v1/chat/completions',
        attempt: 1,
        root_index: index,
        remote_status: batch.status,
      })
      expect(outcomes(await scene.watch())).toEqual(['done'])
      await expectSettled(scene, index, idsUpTo(5))
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('may be given the same batch twice', () =>
    withScene({}, async (scene) => {
      const { index, batchId } = await lost(scene)
      await adopt(scene, index, batchId)
      const before = metadataText(scene, index)
      expect((await adopt(scene, index, batchId)).isKnown).toBe(true)
      expect(metadataText(scene, index)).toBe(before)
    }))

  test('may be an input that another tool uploaded and submitted', () =>
    withScene({}, async (scene) => {
      const { index, batchId } = await lost(scene)
      const input = readFileSync(scene.workspace.layout.workdirFile('input', index))
      rmSync(scene.workspace.layout.workdirFile('input', index))
      writeFileSync(scene.workspace.layout.workdirFile('input', '8'), input)
      await adopt(scene, '8', batchId)
      expect(outcomes(await scene.watch())).toContain('done')
      await expectSettled(scene, '8', idsUpTo(5))
    }))

  test('keeps what its metadata says beside the batch', () =>
    withScene({}, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(5)))
      const { batch_id: batchId, ...rest } = await metadataOf(scene, index)
      const path = scene.workspace.layout.workdirFile('metadata', index)
      writeFileSync(path, JSON.stringify({ ...rest, batch_id: '', mine: 'kept', attempt: 2 }))
      await adopt(scene, index, batchId ?? '')
      expect(await metadataOf(scene, index)).toMatchObject({ batch_id: batchId, mine: 'kept', attempt: 2 })
    }))
})

describe('refusals', () => {
  test('a batch the server does not know', () =>
    withScene({}, async (scene) => {
      putInput(scene, '1', ['a'])
      const error = await rejection(adopt(scene, '1', 'batch_nobody'))
      expect(error.code).toBe('AdoptionRefused')
      expect(error.message).toBe('The server does not know batch batch_nobody.')
      expect(countOf(scene, 'batches.create')).toBe(0)
    }))

  test('a triple that has another batch', () =>
    withScene({}, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(5)))
      expect(await refusal(scene, index, 'batch_other')).toMatch(/has batch batch_\S+ already/)
    }))

  test('a batch that was made from another upload', () =>
    withScene({}, async (scene) => {
      const { batchId } = await lost(scene)
      const path = scene.workspace.layout.workdirFile('metadata', '9')
      putInput(scene, '9', ['a'])
      writeFileSync(path, JSON.stringify({ batch_id: '', input_file_id: 'file-mine' }))
      expect(await refusal(scene, '9', batchId)).toMatch(
        /upload file-\S+; triple 9 was uploaded as file-mine/,
      )
    }))

  test('a batch that is another triple’s, waiting or finished', () =>
    withScene({}, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(5)))
      const batchId = (await metadataOf(scene, index)).batch_id ?? ''
      putInput(scene, '9', ['a'])
      const waiting = await rejection(adopt(scene, '9', batchId))
      await scene.watch()
      const finished = await rejection(adopt(scene, '9', batchId))
      expect(waiting.message).toBe(`Batch ${batchId} is that of triple ${index} already.`)
      expect(finished.message).toBe(waiting.message)
    }))

  test('a batch that failed and holds nothing', () =>
    withScene({ models: [] }, async (scene) => {
      const { index, batchId } = await lost(scene)
      scene.server.finishBatches()
      const error = await rejection(adopt(scene, index, batchId))
      expect(error.message).toContain('failed at the server and holds no results (model_not_found: ')
      await expect(metadataOf(scene, index)).rejects.toThrow('no metadata')
    }))

  test('an index without files, a triple without input, and a run without server', () =>
    withScene({}, async (scene) => {
      const { index, batchId } = await lost(scene)
      expect((await rejection(adopt(scene, '77', batchId))).code).toBe('NoBatchFileTripleAtIndex')
      writeFileSync(scene.workspace.layout.workdirFile('output', '9'), '')
      expect((await rejection(adopt(scene, '9', batchId))).message).toContain('has no input file')
      expect((await rejection(adoptBatch(scene.workspace, index, batchId))).code).toBe('NoProvider')
    }))
})
