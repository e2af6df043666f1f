import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canHaveOwnProcesses, withOwnProcesses } from '../own-processes.js'
import {
  expectAllDoneOnce,
  hostsSeated,
  until,
  withFleet,
  workerFiles,
  type Fleet,
  type WorkerProcess,
} from './fleet.js'
import { describeOnRedis } from './redis-server.js'

const longBatches = { defaults: { validatingMs: 1_000, inProgressMs: 20 * 3_600_000 } }

/** Long enough for all to be sent before the first comes back. */
const shortBatches = { defaults: { validatingMs: 1_000, inProgressMs: 120_000 } }

const workerInContainer = (fleet: Fleet): WorkerProcess => fleet.start([], {}, withOwnProcesses)

async function endOf({ ended, said }: WorkerProcess): Promise<readonly [number | null, string]> {
  return [await ended, said()]
}

function stop({ child, ended }: WorkerProcess): Promise<number | null> {
  child.kill('SIGTERM')
  return ended
}

const isLocked = ({ root }: Fleet): boolean => existsSync(join(root, '.batch-reconciler.lock'))

const seats = async ({ root }: Fleet): Promise<number> => (await hostsSeated(root)).length

/** Each has a table of processes of its own, and all have the host name of this machine. */
describeOnRedis('containers that have the name of their host', () => {
  describe.skipIf(!canHaveOwnProcesses)('with process numbers of their own', () => {
    test('of a watch in one of them a worker in another one, or outside, ends with 3', () =>
      withFleet({ triples: 1, server: longBatches }, async (fleet) => {
        const sender = fleet.start()
        await until('it is sent', () => fleet.server.batches().length === 1)
        await stop(sender)
        const watch = fleet.command(['watch', fleet.root], {}, withOwnProcesses)
        await until('it is watched', () => isLocked(fleet))
        for (const worker of [workerInContainer(fleet), fleet.start()]) {
          const [code, said] = await endOf(worker)
          expect([code, said]).toEqual([3, expect.stringContaining('WorkspaceLocked')])
          expect(said).toContain('(in another container or machine of this name)')
        }
        expect(workerFiles(fleet.root)).toEqual([])
        expect(isLocked(fleet)).toBe(true)
        watch.child.kill('SIGKILL')
        await watch.ended
      }))

    test('of a worker in one of them a run in another one, or outside, ends with 3, also when it was killed', () =>
      withFleet({ triples: 1, server: longBatches }, async (fleet) => {
        const worker = workerInContainer(fleet)
        await until('it is sent', () => fleet.server.batches().length === 1)
        const expectTurnedAway = async (): Promise<void> => {
          for (const place of [withOwnProcesses, undefined]) {
            const [code, said] = await endOf(fleet.command(['run', fleet.root], {}, place))
            expect([code, said]).toEqual([3, expect.stringContaining('being worked on by 1 worker (')])
          }
        }
        await expectTurnedAway()
        worker.child.kill('SIGKILL')
        await worker.ended
        await expectTurnedAway()
        expect(await fleet.command(['unlock', fleet.root]).ended).toBe(0)
        expect(await fleet.command(['run', fleet.root]).ended).toBe(0)
      }))

    test('a worker goes on with what one that was killed in another one had, after its silence', () =>
      withFleet({ triples: 12, server: shortBatches }, async (fleet) => {
        const first = workerInContainer(fleet)
        await until('it works on what came back', () => first.said().includes(': done'))
        first.child.kill('SIGKILL')
        await first.ended
        const second = fleet.start()
        await until('both are there', async () => (await seats(fleet)) === 2)
        await until('all are done', () => readdirSync(join(fleet.root, 'workdir')).length === 0)
        await until('the first is taken for gone', async () => (await seats(fleet)) === 1)
        expect(await stop(second)).toBe(0)
        expectAllDoneOnce(fleet, 12)
      }))
  })
})
