import { expect } from 'vitest'
import type { SubmitOptions } from '../../src/index.js'
import type { BatchPlan } from '../../src/testing/index.js'
import { answeredTwice, expectSettled, idsUpTo, resultsOf, type Scene } from './scene.js'

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
  // A watch leaves what needs a person until its files change; every run looks at it again.
  await scene.run()
  await scene.watch()
  // A retry of the root may have some of the requests; the results are the root's.
  await expectSettled(
    scene,
    submitted.prepared.find(({ index }) => resultsOf(scene, index).length > 0)?.index ?? '',
    ids,
  )
  expect(answeredTwice(scene)).toEqual([])
  expect(scene.server.batches()).toHaveLength(2)
  const runs = scene.server.executions().map(({ customId }) => customId)
  expect(runs.toSorted()).toEqual(['row-1', 'row-2', 'row-2', 'row-3'])
}
