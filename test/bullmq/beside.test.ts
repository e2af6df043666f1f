import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { expect, onTestFinished, test } from 'vitest'
import { keyPrefix, queueNames, workspaceId } from '../../src/bullmq/queue-names.js'
import { openWorkspace } from '../../src/workspace/open-workspace.js'
import {
  expectAllDoneOnce,
  hostsSeated,
  timesIn,
  until,
  withFleet,
  workerFiles,
  type Fleet,
  type WorkerProcess,
} from './fleet.js'
import { describeOnRedis } from './redis-server.js'

const longBatches = { defaults: { validatingMs: 1_000, inProgressMs: 20 * 3_600_000 } }

const isSeated = async ({ root }: Fleet, seats: number): Promise<boolean> =>
  (await hostsSeated(root)).length === seats

async function seated(
  fleet: Fleet,
  count: number,
  flags: readonly string[] = [],
): Promise<readonly WorkerProcess[]> {
  const workers = Array.from({ length: count }, () => fleet.start(flags))
  await until(`${count} workers are seated`, () => isSeated(fleet, count))
  return workers
}

async function endOf(worker: WorkerProcess): Promise<readonly [number | null, string]> {
  return [await worker.ended, worker.said()]
}

describeOnRedis('beside workers', () => {
  test('what wants the workspace for itself ends with 3 and says who works; what only looks, works', () =>
    withFleet({ triples: 5, server: longBatches }, async (fleet) => {
      const { root } = fleet
      const workers = await seated(fleet, 2)
      await until('all are sent', () => fleet.server.batches().length === 5)
      const requests = join(root, 'requests.jsonl')
      writeFileSync(
        requests,
        '{"custom_id":"new","method":"POST","url":"/v1/embeddings","body":{"model":"m","input":"a"}}\n',
      )
      for (const inputs of [
        ['run', root],
        ['watch', root],
        ['submit', root, requests],
        ['retry', root, '1'],
      ]) {
        const [code, said] = await endOf(fleet.command(inputs))
        expect([inputs[0], code, said]).toEqual([inputs[0], 3, expect.stringContaining('WorkspaceLocked')])
        expect(said).toContain('is being worked on by 2 workers (')
        for (const { child } of workers) expect(said).toContain(`process ${child.pid} on ${hostname()}`)
        expect(said).toContain('Stop them first (SIGTERM)')
      }
      for (const inputs of [
        ['status', root],
        ['plan', root],
        ['verify', root],
        ['inspect', root, '--export', join(root, 'page.html')],
      ]) {
        const [code, said] = await endOf(fleet.command(inputs))
        expect([inputs[0], code, said]).toEqual([inputs[0], 0, expect.any(String)])
      }
      const [, status] = await endOf(fleet.command(['status', root]))
      expect(status).toContain(' At work: 2 workers (process ')
      const [code, said] = await endOf(fleet.command(['unlock', root]))
      expect([code, said]).toEqual([3, expect.stringContaining('still running')])
      expect(await isSeated(fleet, 2)).toBe(true)
      expect(fleet.server.batches()).toHaveLength(5)
    }))

  test('of a watch a worker ends with 3', () =>
    withFleet({ triples: 1, server: longBatches }, async (fleet) => {
      const [sender] = await seated(fleet, 1)
      await until('it is sent', () => fleet.server.batches().length === 1)
      sender?.child.kill('SIGTERM')
      await sender?.ended
      const asked = fleet.server.requests().length
      fleet.command(['watch', fleet.root])
      await until('it is watched', () => fleet.server.requests().length > asked)
      const [code, said] = await endOf(fleet.start())
      expect([code, said]).toEqual([3, expect.stringContaining('WorkspaceLocked')])
      expect(workerFiles(fleet.root)).toEqual([])
    }))

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends each at once, and the last one leaves nothing',
    (signal) =>
      withFleet({ triples: 40, server: longBatches }, async (fleet) => {
        const workers = await seated(fleet, 2)
        await until('some are sent', () => fleet.server.batches().length >= 5)
        for (const { child, ended } of workers) {
          const stoppedAtMs = performance.now()
          child.kill(signal)
          expect(await ended).toBe(0)
          expect(performance.now() - stoppedAtMs).toBeLessThan(3_000)
        }
        expect(readdirSync(fleet.root).filter((name) => name.startsWith('.'))).toEqual([
          '.batch-reconciler.id',
        ])
        for (const { said } of workers) expect(said()).toMatch(/Stopped\. Worked on triples \d+ times/)
      }),
  )

  test('unlock frees after workers of another host, which lock until then', () =>
    withFleet({ triples: 1, server: longBatches }, async (fleet) => {
      const folder = join(fleet.root, '.batch-reconciler.workers')
      const token = 'f'.repeat(32)
      const [seat] = await seated(fleet, 1)
      seat?.child.kill('SIGTERM')
      await seat?.ended
      mkdirSync(folder, { recursive: true })
      const record = {
        host: 'another-host',
        pid: 7,
        process_start: null,
        token,
        since_ms: Date.now(),
        signs_of_life: 3,
        lease_ms: 60_000,
        ends_at_ms: Date.now() + 60_000,
      }
      writeFileSync(join(folder, `worker.${token}.json`), `${JSON.stringify(record)}\n`)
      const [code, said] = await endOf(fleet.command(['run', fleet.root]))
      expect([code, said]).toEqual([3, expect.stringContaining('process 7 on another-host')])
      const freed = await endOf(fleet.command(['unlock', fleet.root]))
      expect(freed).toEqual([0, expect.stringContaining('another-host')])
      expect(workerFiles(fleet.root)).toEqual([])
      expect(await fleet.command(['run', fleet.root]).ended).toBe(0)
    }))
})

/** The most that were there at once, looked at for as long as the work takes. */
async function mostOf(count: () => number, work: Promise<unknown>): Promise<number> {
  let most = 0
  let isOver = false
  void work.finally(() => (isOver = true)).catch(() => {})
  while (!isOver) {
    most = Math.max(most, count())
    await delay(5)
  }
  await work
  return most
}

const openBatches = ({ server }: Fleet) =>
  server.batches().filter(({ status }) => ['validating', 'in_progress', 'finalizing'].includes(status))

describeOnRedis('bounds of the account hold over all workers, also when Redis was emptied', () => {
  test.each([
    ['--max-open-batches', '7', 7],
    ['--max-open-requests', '36', 7],
  ])(
    '%s %s',
    (flag, bound, mostBatches) =>
      withFleet({ triples: 14 }, async (fleet) => {
        const workers = await seated(fleet, 3, ['--until-settled', flag, bound])
        const emptied = until('some are sent', () => fleet.server.batches().length >= 8).then(() =>
          fleet.redis.client.flushall(),
        )
        const ended = Promise.all([emptied, ...workers.map((each) => each.ended)])
        const most = await mostOf(() => openBatches(fleet).length, ended)
        expect(most).toBeGreaterThan(mostBatches - 3)
        expect(most).toBeLessThanOrEqual(mostBatches)
        expect((await ended).slice(1)).toEqual([0, 0, 0])
        expectAllDoneOnce(fleet, 14)
      }),
    240_000,
  )

  test('--max-creations-per-minute', () =>
    withFleet({ triples: 20, server: longBatches }, async (fleet) => {
      await seated(fleet, 3, ['--max-creations-per-minute', '6'])
      await until('six are sent', () => fleet.server.batches().length >= 6)
      await fleet.redis.client.flushall()
      await delay(15_000)
      expect(fleet.server.batches()).toHaveLength(6)
    }))
})

describeOnRedis('the queue', () => {
  test(
    'asks for a hundred batches with one list call, once for all workers',
    () =>
      withFleet({ triples: 300, rows: 1, server: longBatches }, async (fleet) => {
        await seated(fleet, 3, ['--poll-seconds', '5'])
        const lists = () => fleet.server.requests('batches.list').length
        await until('all are sent', () => fleet.server.batches().length === 300)
        // The first poll that finds all of them waiting.
        await delay(8_000)
        const retrieves = () => fleet.server.requests('batches.retrieve').length
        const [before, retrievesBefore] = [lists(), retrieves()]
        await delay(20_500)
        const polls = (lists() - before) / 3
        expect(polls).toBeGreaterThanOrEqual(3)
        expect(polls).toBeLessThanOrEqual(5)
        expect(Number.isInteger(polls)).toBe(true)
        expect(retrieves()).toBe(retrievesBefore)
      }),
    120_000,
  )

  test('gives a retry to the next worker at once, before anybody looks over the folder', () =>
    withFleet(
      {
        triples: 1,
        server: {
          planFor: () => ({
            rows: [{ when: ({ custom_id: id }) => id === 't1-r3', times: 1, answer: 'server-error' }],
          }),
        },
      },
      async (fleet) => {
        const [worker] = await seated(fleet, 1)
        await until('the first is done', () => worker?.said().includes('triple 1: done') ?? false)
        const doneAtMs = performance.now()
        await until('the retry is sent', () => fleet.server.batches().length === 2)
        expect(performance.now() - doneAtMs).toBeLessThan(2_000)
      },
    ))

  test('breaks by nothing that somebody puts into it, and writes nowhere else', () =>
    withFleet({ triples: 3 }, async (fleet) => {
      const workspace = await openWorkspace(fleet.root)
      const names = queueNames(await workspaceId(workspace))
      const queue = new Queue(names.triples, {
        connection: fleet.redis.client,
        prefix: keyPrefix,
        skipVersionCheck: true,
      })
      onTestFinished(() => queue.close())
      const data: readonly unknown[] = [
        null,
        7,
        'text',
        [],
        {},
        { index: '../x' },
        { index: '/tmp/x' },
        { index: 'x'.repeat(1_000_000) },
        { index: 'never-there' },
        { index: '1', earlierFailures: { step: 'submitting', failures: 1e9 } },
        { index: '1', earlierFailures: { step: '__proto__', failures: 3 } },
        { index: '2', learnt: { batchId: 'batch_of_another', status: 'expired' } },
        { index: '3', learnt: 'nonsense' },
      ]
      for (const [at, each] of data.entries()) await queue.add('triple', each, { jobId: `bad-${at}` })
      // Under the very name that the job of triple 1 would have, and that of triple 2: no JSON, and another triple.
      const { client } = fleet.redis
      await queue.add('triple', { index: '1' }, { jobId: 'triple-1' })
      await queue.add('triple', { index: '../2' }, { jobId: 'triple-2', delay: 86_400_000 })
      await client.hset(queue.toKey('triple-1'), 'data', 'no JSON')
      await client.hset(names.state, { nextPollAtMs: 'soon', settled: 'x', counted: 'x' })
      await client.hset(names.notes, { 1: 'x', 2: '[]', '../x': '[]' })
      const worker = fleet.start(['--until-settled'])
      expect(await endOf(worker)).toEqual([0, expect.stringContaining('Stopped.')])
      expect(timesIn(worker.said(), 'A job names no triple')).toBeGreaterThan(0)
      expectAllDoneOnce(fleet, 3)
      expect(readdirSync(join(fleet.root, '..')).filter((name) => /^(x|batch_.*_x.*)$/.test(name))).toEqual(
        [],
      )
    }))
})
