import { expect, test } from 'vitest'
import { splitBatch } from '../../src/actors/split-batch.js'
import {
  inputOf,
  metadataOf,
  metadataText,
  rejection,
  startAtMs,
  stepScene,
  textOf,
  warningsOf,
} from './support.js'

const metadataPath = 'workdir/batch_metadata_1.jsonl'
const refused = (fields: Readonly<Record<string, unknown>>) =>
  stepScene({ ...inputOf(4), [metadataPath]: metadataText({ batch_id: '', ...fields }) })

test('the decision is noted, and said once', async () => {
  const scene = await refused({ request_count: 4 })
  await scene.take(splitBatch)
  expect((await metadataOf(scene)).split).toEqual({
    parts: 2,
    reason: 'token_limit_exceeded',
    decided_at_ms: startAtMs,
  })
  expect(warningsOf(scene)).toEqual([
    'The 4 requests of triple 1 are more than the server takes at a time; they are sent in 2 parts.',
  ])
  const text = textOf(scene, metadataPath)
  await scene.take(splitBatch)
  expect(textOf(scene, metadataPath)).toBe(text)
  expect(warningsOf(scene)).toHaveLength(1)
})

test('two requests can be parted', async () => {
  const scene = await refused({ request_count: 2 })
  await scene.take(splitBatch)
  expect((await metadataOf(scene)).split?.parts).toBe(2)
})

test('a decision that stands is kept, with its number of parts', async () => {
  const split = { parts: 5, reason: 'r', decided_at_ms: 1 }
  const scene = await refused({ request_count: 4, split })
  await scene.take(splitBatch)
  expect((await metadataOf(scene)).split).toEqual(split)
})

test.each([1, 0, null])('%j requests cannot be parted: a person has to help', async (requestCount) => {
  const scene = await refused({ request_count: requestCount })
  expect(await rejection(scene.take(splitBatch))).toMatchObject({
    code: 'BatchFailed',
    problem: { needsPerson: true, hint: expect.stringContaining(`retry ${scene.workspace.root} 1`) },
  })
  expect((await metadataOf(scene)).split ?? null).toBe(null)
})

test('a survey that is older than the metadata is no hindrance; no metadata at all is a fault of ours', async () => {
  const scene = await refused({ request_count: 4 })
  await scene.take(splitBatch, { facts: { metadata: null } })
  expect((await metadataOf(scene)).split?.parts).toBe(2)
  const bare = await stepScene(inputOf(4))
  await expect(bare.take(splitBatch)).rejects.toThrow('has no metadata')
})
