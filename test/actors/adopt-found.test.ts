import { expect, test } from 'vitest'
import { adoptFound } from '../../src/actors/adopt-found.js'
import { noSignal, recordingProvider, remoteBatch, stepScene, warningsOf } from './support.js'

const found = (...statuses: readonly string[]) =>
  statuses.map((status) => remoteBatch({ batchId: `batch_${status}`, status }))

async function adopting(statuses: readonly string[], cancelDuplicates = false) {
  const scene = await stepScene({})
  const provider = recordingProvider({ cancel: () => Promise.resolve(remoteBatch()) })
  const dependencies = scene.anew({ cancelDuplicates })
  const chosen = await adoptFound(dependencies, provider, '1', found(...statuses), noSignal)
  return { chosen: chosen.status, calls: provider.calls, warnings: warningsOf(scene) }
}

test('the one batch is adopted, and that is said', async () => {
  expect(await adopting(['validating'])).toEqual({
    chosen: 'validating',
    calls: [],
    warnings: ['Batch batch_validating was found at the server and adopted.'],
  })
})

test.each([
  [['validating', 'in_progress'], 'in_progress'],
  [['in_progress', 'completed'], 'completed'],
  [['failed', 'validating'], 'validating'],
  [['cancelled', 'in_progress'], 'in_progress'],
])('of %j the one that got furthest is adopted: %s', async (statuses, chosen) => {
  expect((await adopting(statuses)).chosen).toBe(chosen)
  expect((await adopting(statuses.toReversed())).chosen).toBe(chosen)
})

test('the others are named and left alone unless they may be cancelled', async () => {
  const { calls, warnings } = await adopting(['in_progress', 'validating'])
  expect(calls).toEqual([])
  expect(warnings).toEqual([
    'Batch batch_in_progress was adopted; 1 more of the same upload exist: batch_validating. Cancel them, or allow it with cancelDuplicates.',
  ])
})

test('those that can be are cancelled where that is allowed, and never the one that is adopted', async () => {
  const statuses = ['completed', 'in_progress', 'validating', 'expired', 'cancelling']
  const { chosen, calls, warnings } = await adopting(statuses, true)
  expect(chosen).toBe('completed')
  expect(calls.toSorted()).toEqual(['cancel batch_in_progress', 'cancel batch_validating'])
  expect(warnings[0]).toContain('They are cancelled.')
})

test('five of many are named', async () => {
  const { warnings } = await adopting(Array.from({ length: 9 }, () => 'validating'))
  expect(warnings[0]).toContain('8 more')
  expect(warnings[0]?.match(/batch_validating/g)).toHaveLength(6)
})

test('none is a fault of ours', async () => {
  await expect(adopting([])).rejects.toThrow('Nothing to adopt.')
})
