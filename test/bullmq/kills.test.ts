import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { faults, type NewBatch } from '../../src/testing/index.js'
import { randomFrom } from '../random-from.js'
import { expectAllDoneOnce, withFleet, type Fleet, type WorkerProcess } from './fleet.js'
import { describeOnRedis } from './redis-server.js'

/** `FLEET_TRIPLES` and `FLEET_SEED` make it longer, or another one. */
const triples = Number(process.env['FLEET_TRIPLES'] ?? 300)
const seed = Number(process.env['FLEET_SEED'] ?? 1)

/** Every tenth triple has a request that fails once for a passing reason. */
const failingRow = /^t\d*0-r3$/
const retries = Math.floor(triples / 10)

const fleetOptions = {
  triples,
  server: {
    defaults: { validatingMs: 1_000, inProgressMs: 60_000 },
    planFor: (_batch: NewBatch) => ({
      rows: [
        {
          when: (request: { readonly custom_id: string }) => failingRow.test(request.custom_id),
          times: 1,
          answer: 'server-error' as const,
        },
      ],
    }),
  },
}

/** Kills or pauses one of three workers every second, and starts another in its place, until all is done. */
async function disturb(
  fleet: Fleet,
  random: () => number,
): Promise<{ readonly kills: number; readonly pauses: number }> {
  const workers: WorkerProcess[] = Array.from({ length: 3 }, () => fleet.start())
  let [kills, pauses] = [0, 0]
  const isDone = (): boolean => {
    const ended = fleet.server.batches().filter(({ status }) => status === 'completed').length
    return ended >= triples + retries
  }
  for (let second = 1; second <= 60 && !isDone(); second += 1) {
    await delay(1_000)
    const place = Math.floor(random() * workers.length)
    const victim = workers[place] as WorkerProcess
    if (random() < 0.7) {
      victim.child.kill('SIGKILL')
      await victim.ended
      workers[place] = fleet.start()
      kills += 1
    } else {
      victim.child.kill('SIGSTOP')
      // Longer than its leases last; the others go on meanwhile, and so does what is killed.
      void delay(7_000).then(() => victim.child.kill('SIGCONT'))
      pauses += 1
    }
    if (second === 8) {
      await fleet.redis.kill()
      await delay(1_500)
      await fleet.redis.start()
    }
  }
  for (const { child } of workers) child.kill('SIGKILL')
  await Promise.all(workers.map(({ ended }) => ended))
  return { kills, pauses }
}

describeOnRedis('workers that are killed and paused, and a Redis that is killed', () => {
  test(
    `take ${triples} triples to their end, each submission once`,
    () =>
      withFleet(fleetOptions, async (fleet) => {
        fleet.server.script(faults.createAnswerLost({ skip: 5 }))
        fleet.server.script(faults.downloadCut('reset', { skip: 3 }))
        const { kills, pauses } = await disturb(fleet, randomFrom(seed))
        expect(kills + pauses).toBeGreaterThan(5)
        const last = [fleet.start(['--until-settled']), fleet.start(['--until-settled'])]
        expect(await Promise.all(last.map(({ ended }) => ended))).toEqual([0, 0])
        expectAllDoneOnce(fleet, triples + retries)
      }),
    600_000,
  )
})
