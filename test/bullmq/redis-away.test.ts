import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  expectAllDoneOnce,
  timesIn,
  until,
  withFleet,
  workerFiles,
  type Fleet,
  type WorkerProcess,
} from './fleet.js'
import { describeOnRedis } from './redis-server.js'

/** `REDIS_AWAY_SECONDS` makes it longer. */
const awayMs = Number(process.env['REDIS_AWAY_SECONDS'] ?? 15) * 1_000

const triples = 60

/** Some batches are at the server, some triples were not looked at yet. */
async function inTheMiddle({ server }: Fleet): Promise<void> {
  await until('twenty batches are made', () => server.batches().length >= 20)
}

function expectToldOnce(workers: readonly WorkerProcess[]): void {
  for (const { said } of workers) {
    expect([timesIn(said(), 'Redis is away'), timesIn(said(), 'Redis is back'), said()]).toEqual([
      1,
      1,
      expect.any(String),
    ])
    const others = said()
      .split('\n')
      .filter((line) => /redis|ECONN|connection/i.test(line) && !/Redis is (away|back)/.test(line))
    expect(others).toEqual([])
  }
}

describeOnRedis('a Redis that is away for a while', () => {
  test.each([
    ['comes back with what it had', false],
    ['comes back empty', true],
  ])(
    'and %s: all is done once, and workers said so once',
    (_, isEmpty) =>
      withFleet({ triples }, async (fleet) => {
        const workers = Array.from({ length: 3 }, () => fleet.start(['--until-settled']))
        await inTheMiddle(fleet)
        await fleet.redis.kill()
        await delay(awayMs)
        expect(workers.map(({ child }) => child.exitCode)).toEqual([null, null, null])
        if (isEmpty) fleet.redis.wipe()
        await fleet.redis.start()
        expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0, 0])
        expectAllDoneOnce(fleet, triples)
        expectToldOnce(workers)
      }),
    300_000,
  )

  test('emptied while it runs: jobs are made again from the files', () =>
    withFleet({ triples }, async (fleet) => {
      const workers = Array.from({ length: 2 }, () => fleet.start(['--until-settled']))
      await inTheMiddle(fleet)
      await fleet.redis.client.flushall()
      expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0])
      expectAllDoneOnce(fleet, triples)
    }))

  test.each([
    ['without bounds', []],
    ['with bounds', ['--max-open-batches', '500']],
  ])(
    'keeps no worker from stopping at once and giving back what it had, %s',
    (_, flags) =>
      withFleet({ triples }, async (fleet) => {
        const workers = [fleet.start(flags), fleet.start(flags)]
        await inTheMiddle(fleet)
        await fleet.redis.kill()
        await until('both say so', () => workers.every(({ said }) => said().includes('Redis is away')))
        const stoppedAtMs = performance.now()
        for (const { child } of workers) child.kill('SIGTERM')
        expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0])
        expect(performance.now() - stoppedAtMs).toBeLessThan(4_000)
        expect(workerFiles(fleet.root)).toEqual([])
        await fleet.redis.start()
        expect(await fleet.start(['--until-settled']).ended).toBe(0)
        expectAllDoneOnce(fleet, triples)
      }),
    300_000,
  )
})
