import { appendFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { removeWorkspaceLock } from '../../src/index.js'
import { faults, type Fault } from '../../src/testing/index.js'
import { faultFileSystem, type FaultOperation } from '../fakes/fault-file-system.js'
import { idsUpTo, requestLine, withScene, type Scene } from '../server/scene.js'
import { unsyncedFileSystem } from '../workspace/support.js'
import { dresses, idsOf, putRequests, sentLines, sentTwice } from './sent-lines.js'

/** A crash where a file is opened is the same as one at its first read or write. */
const strikes: readonly (readonly [FaultOperation, string])[] = [
  ['write', 'crash'],
  ['rename', 'crash'],
  ['syncDirectory', 'crash'],
  ['open', 'crash'],
  ['write', 'ENOSPC'],
  ['read', 'EIO'],
]

/** Three requests are at the server already; the file has two more, one of another model. */
async function grown(scene: Scene): Promise<string> {
  const path = scene.requests(3)
  await scene.submit(path)
  appendFileSync(path, `${requestLine('row-4')}\n${requestLine('row-5', 'gpt-4o')}\n`)
  return path
}

/** The next call, with a file that looks different. */
async function expectEachSentOnce(scene: Scene): Promise<void> {
  await removeWorkspaceLock(scene.workspace)
  const lines = [...idsUpTo(4).map(dresses['reordered'] ?? String), requestLine('row-5', 'gpt-4o')]
  await scene.submit(putRequests(scene, 'again.jsonl', lines.toReversed()))
  await scene.watch()
  expect(sentTwice(scene)).toEqual([])
  expect(idsOf(sentLines(scene)).toSorted()).toEqual(idsUpTo(5))
}

describe('a call that ends in the middle, and another one with a file that looks different', () => {
  test.each(strikes)(
    'sends each request once: %s, %s at each of them',
    async (operation, error) => {
      let struck = 0
      for (let nth = 1; struck === nth - 1; nth += 1) {
        await withScene({}, async (scene) => {
          const path = await grown(scene)
          const disk = faultFileSystem(unsyncedFileSystem, [{ operation, nth, error }])
          await scene
            .on(disk)
            .submit(path)
            .catch(() => {})
          struck += disk.strikes()
          await expectEachSentOnce(scene)
        }).catch((cause: unknown) => {
          throw new Error(`${error} at ${operation} number ${nth}`, { cause })
        })
      }
      expect(struck).toBeGreaterThan(3)
    },
    300_000,
  )

  const failures: readonly (readonly [string, (skip: number) => Fault])[] = [
    ['connection reset', (skip) => faults.connectionReset('all', { skip })],
    ['answer lost', (skip) => faults.answerLost('all', { skip })],
    ['400', (skip) => faults.serverError('all', { skip, status: 400 })],
  ]

  test.each(failures)(
    'sends each request once: %s at each call of the server',
    async (_, faultAt) => {
      let hits = 0
      for (let skip = 2; hits === skip - 2; skip += 1) {
        await withScene({ defaults: { inProgressMs: 1_200_000 } }, async (scene) => {
          const fault = scene.server.script(faultAt(skip))
          await scene.submit(await grown(scene))
          hits += fault.hits()
          await expectEachSentOnce(scene)
        })
      }
      expect(hits).toBeGreaterThan(3)
    },
    300_000,
  )
})
