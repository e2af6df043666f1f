import { describe, expect, test } from 'vitest'
import { faults } from '../../../src/testing/index.js'
import { chatInput, finishedBatch, noSignal, rejection, submission, withFile, withScene } from './support.js'

describe('cancelling a batch', () => {
  test('gives its new state', () =>
    withScene({}, async ({ provider }) => {
      const { batchId } = await withFile(chatInput(2), (path) => provider.submit(submission(path), noSignal))
      expect((await provider.cancel(batchId, noSignal)).status).toBe('cancelling')
    }))

  test('is no error when the batch has ended meanwhile', () =>
    withScene({}, async (scene) => {
      const { batchId } = await finishedBatch(scene)
      expect((await scene.provider.cancel(batchId, noSignal)).status).toBe('completed')
    }))

  test('needs one look when its answer is lost', () => {
    const lost = { on: 'batches.cancel', effect: { type: 'reset', isExecuted: true } } as const
    return withScene({ faults: [lost] }, async ({ provider, server }) => {
      const { batchId } = await withFile(chatInput(2), (path) => provider.submit(submission(path), noSignal))
      expect((await provider.cancel(batchId, noSignal)).status).toBe('cancelling')
      expect(server.requests('batches.cancel')).toHaveLength(1)
    })
  })

  test('is a passing error when the batch goes on', () =>
    withScene({ faults: [faults.serverError('batches.cancel')] }, async ({ provider }) => {
      const { batchId } = await withFile(chatInput(2), (path) => provider.submit(submission(path), noSignal))
      expect((await rejection(provider.cancel(batchId, noSignal))).problem.isPassing).toBe(true)
    }))

  test('of an unknown batch is refused', () =>
    withScene({}, async ({ provider }) => {
      expect((await rejection(provider.cancel('batch_unknown', noSignal))).code).toBe('RequestRefused')
    }))
})
