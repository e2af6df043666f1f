import { expect } from 'vitest'
import type { SubmitOptions } from '../../src/index.js'
import type { BatchPlan } from '../../src/testing/index.js'
import { answeredTwice, expectSettled, idsUpTo, indexOf, type Scene } from './scene.js'

/** The second request fails once for a passing reason, so that a retry is part of every story. */
export const secondFailsOnce: BatchPlan = { rows: [{ when: 'row-2', times: 1, answer: 'server-error' }] }

const ids = idsUpTo(3)

/** A whole life: submission, wait, download, proof, and the same again for the request that failed. */
export async function submitAndWatch(scene: Scene, options: SubmitOptions = {}): Promise<void> {
  await scene.submit(scene.requests(ids), options)
  await scene.watch(options)
}

/** What must be true at the end, whatever happened. */
export async function expectNothingLostOrPaidTwice(scene: Scene): Promise<void> {
  const submitted = await scene.submit(scene.requests(ids))
  await scene.watch()
  await expectSettled(scene, indexOf(submitted), ids)
  expect(answeredTwice(scene)).toEqual([])
  expect(scene.server.batches()).toHaveLength(2)
  const runs = scene.server.executions().map(({ customId }) => customId)
  expect(runs.toSorted()).toEqual(['row-1', 'row-2', 'row-2', 'row-3'])
}
