import { describe, expect, test } from 'vitest'
import { removeWorkspaceLock } from '../../src/index.js'
import { faults, type Fault } from '../../src/testing/index.js'
import { faultFileSystem, type FaultOperation } from '../fakes/fault-file-system.js'
import { unsyncedFileSystem } from '../workspace/support.js'
import { expectNothingLostOrPaidTwice, secondFailsOnce, submitAndWatch } from './life.js'
import { withScene } from './scene.js'

/**
 * Whatever changes the disk; a crash at a mere look is the same as one at the change after it, and one where a new
 * file is opened the same as one at its first write.
 */
const changes: readonly FaultOperation[] = ['write', 'sync', 'rename', 'link', 'remove', 'syncDirectory']

const lostAndLate = (): Fault[] => [faults.createAnswerLost({ times: 2 }), faults.listLags({ ms: 45_000 })]

/** Lives the same life again and again, with the first, second, … operation struck, until one is not struck. */
async function strikeEach(
  operation: FaultOperation,
  error: string,
  faultsOf: () => readonly Fault[] = () => [],
): Promise<number> {
  for (let nth = 1; ; nth += 1) {
    const isStruck = await withScene({ defaults: secondFailsOnce, faults: faultsOf() }, async (scene) => {
      const disk = faultFileSystem(unsyncedFileSystem, [{ operation, nth, error }])
      await submitAndWatch(scene.on(disk)).catch(() => {})
      await removeWorkspaceLock(scene.workspace)
      await expectNothingLostOrPaidTwice(scene)
      return disk.strikes() > 0
    }).catch((cause: unknown) => {
      throw new Error(`${error} at ${operation} number ${nth}`, { cause })
    })
    if (!isStruck) return nth - 1
  }
}

describe('a process that goes at any change of the disk', () => {
  test.each(changes)(
    'loses nothing and pays for nothing twice: %s',
    async (operation) => {
      expect(await strikeEach(operation, 'crash')).toBeGreaterThan(5)
    },
    300_000,
  )

  test.each(['write', 'rename'] as const)(
    'and whose creations lost their answers, and are listed late: %s',
    async (operation) => {
      expect(await strikeEach(operation, 'crash', lostAndLate)).toBeGreaterThan(5)
    },
    300_000,
  )
})

test('the metadata of a retry that a crash left alone is no dead end: one watch settles everything', () =>
  withScene({ defaults: secondFailsOnce }, async (scene) => {
    // The first input is that of the root, the second that of its retry.
    const rule = { operation: 'rename', path: 'batch_input_', nth: 2, error: 'crash' } as const
    const disk = faultFileSystem(unsyncedFileSystem, [rule])
    await submitAndWatch(scene.on(disk)).catch(() => {})
    expect(disk.strikes()).toBe(1)
    await removeWorkspaceLock(scene.workspace)
    const report = await scene.watch()
    expect(report.triples.map(({ outcome }) => outcome.type)).toEqual(['done', 'done'])
    expect(scene.server.batches()).toHaveLength(2)
  }))

describe('a disk that fails once at any change', () => {
  test.each([
    ['write', 'ENOSPC'],
    ['sync', 'EIO'],
    ['rename', 'EIO'],
    ['link', 'EACCES'],
    ['remove', 'EBUSY'],
    ['syncDirectory', 'EIO'],
  ] as const)(
    'loses nothing and pays for nothing twice: %s, %s',
    async (operation, code) => {
      expect(await strikeEach(operation, code)).toBeGreaterThan(5)
    },
    300_000,
  )
})

describe('a server that fails at any call', () => {
  const failures: readonly (readonly [string, (skip: number) => Fault])[] = [
    ['connection reset before', (skip) => faults.connectionReset('all', { skip })],
    ['answer lost', (skip) => faults.answerLost('all', { skip })],
    ['no answer', (skip) => ({ on: 'all', skip, effect: { type: 'silence', isExecuted: true } })],
    ['500', (skip) => faults.serverError('all', { skip })],
    ['HTML', (skip) => faults.htmlPage('all', { skip })],
    ['400', (skip) => faults.serverError('all', { skip, status: 400 })],
    ['401', (skip) => faults.serverError('all', { skip, status: 401 })],
  ]

  test.each(failures)(
    'loses nothing and pays for nothing twice: %s',
    async (_, faultAt) => {
      let hits = 0
      for (let skip = 0; hits === skip; skip += 1) {
        await withScene({ defaults: secondFailsOnce }, async (scene) => {
          const fault = scene.server.script(faultAt(skip))
          await submitAndWatch(scene)
          hits += fault.hits()
          await expectNothingLostOrPaidTwice(scene)
        }).catch((cause: unknown) => {
          throw new Error(`at call ${skip + 1}`, { cause })
        })
      }
      expect(hits).toBeGreaterThan(10)
    },
    300_000,
  )
})
