import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.js'
import { filesBelow } from '../workspace/support.js'
import { expectAllDoneOnce, until, withFleet, type Fleet } from './fleet.js'
import { freePort } from '../free-port.js'
import { describeOnRedis } from './redis-server.js'

const password = 'a p@ss/w#rd? that % nobody : sees'

interface Refusal {
  /** 1 unless given. */
  readonly exitCode?: number
  readonly problem: string
  readonly hint: string
}

/** Ends at once with one clear problem, and nothing else is said; nothing is written, least of all a password. */
async function expectRefusal(
  fleet: Fleet,
  url: string,
  { problem, hint, exitCode = exitCodes.failed }: Refusal,
): Promise<void> {
  for (const flags of [[], ['--json']]) {
    const worker = fleet.start(['--until-settled', ...flags], { REDIS_URL: url })
    expect(await worker.ended).toBe(exitCode)
    const said = worker.said().replace(/^\{"summary":.*\n/m, '')
    expect(said).toMatch(/^✗ QueueUnavailable: Redis at [^\n]*\n(?: {2}caused by: [^\n]*\n)? {2}→ [^\n]*\n$/)
    expect(said).toContain(problem)
    expect(said).toContain(hint)
    expectNoPassword(fleet, said)
  }
  expect(fleet.server.requests()).toEqual([])
}

function expectNoPassword({ root }: Fleet, said: string): void {
  const everything = [said, ...Object.values(filesBelow(root))].join('\n')
  for (const each of [password, encodeURIComponent(password), 'wrong-one']) {
    expect(everything).not.toContain(each)
  }
}

async function expectItWorks(fleet: Fleet, url = fleet.redis.url): Promise<void> {
  const worker = fleet.start([], { REDIS_URL: url })
  const triples = fleet.ids.length / 5
  await until('all are sent', () => fleet.server.batches().length === triples)
  worker.child.kill('SIGTERM')
  expect([await worker.ended, worker.said()]).toEqual([0, expect.stringContaining('Stopped.')])
  expect(worker.said()).not.toMatch(/eviction|IMPORTANT|QueueUnavailable|^!/m)
  expectNoPassword(fleet, worker.said())
}

const withUser = (url: string, user: string, secret: string): string =>
  url.replace('redis://', `redis://${user}:${encodeURIComponent(secret)}@`)

describeOnRedis('a Redis that cannot be used is told, with a cure that works', () => {
  test('nobody listens there', () =>
    withFleet({ triples: 1 }, async (fleet) => {
      const url = `redis://:${encodeURIComponent(password)}@127.0.0.1:${await freePort()}`
      const hint = 'Check the address (--redis, REDIS_URL'
      await expectRefusal(fleet, url, {
        exitCode: exitCodes.passing,
        problem: 'cannot be reached: connect ECONNREFUSED',
        hint,
      })
      await expectItWorks(fleet)
    }))

  test('no host has that name', () =>
    withFleet({ triples: 1 }, async (fleet) => {
      const url = `redis://:${encodeURIComponent(password)}@no-such-host.invalid:6379`
      const hint = 'Check the address (--redis, REDIS_URL'
      await expectRefusal(fleet, url, {
        exitCode: exitCodes.passing,
        problem: 'Redis at no-such-host.invalid:6379 cannot be reached',
        hint,
      })
    }))

  test('a password is wanted', () =>
    withFleet({ triples: 1, redisFlags: ['--requirepass', password] }, async (fleet) => {
      const { url } = fleet.redis
      const refusal = {
        problem: 'refuses the user or the password',
        hint: 'redis://user:password@host:6379; special characters as %-escapes',
      }
      await expectRefusal(fleet, url, refusal)
      await expectRefusal(fleet, withUser(url, '', 'wrong-one'), refusal)
      await expectRefusal(fleet, withUser(url, 'nobody', password), refusal)
      await expectItWorks(fleet, withUser(url, 'default', password))
    }))

  test('a user may not do what workers do', () =>
    withFleet({ triples: 2 }, async (fleet) => {
      const { url, client } = fleet.redis
      await client.call('ACL', 'SETUSER', 'anna', 'on', `>${password}`, '~*', '+@read', '+info')
      const rights = ['~batch-reconciler:*', '+@all', '-@dangerous', '+info']
      await expectRefusal(fleet, withUser(url, 'anna', password), {
        problem: 'does not let the user do what workers do',
        hint: `redis-cli acl setuser <user> '~batch-reconciler:*' ${rights.slice(1).join(' ')}`,
      })
      await client.call('ACL', 'SETUSER', 'anna', 'reset', 'on', `>${password}`, ...rights)
      await expectItWorks(fleet, withUser(url, 'anna', password))
    }))

  test('it is a replica', () =>
    withFleet({ triples: 1 }, async (fleet) => {
      await fleet.redis.client.call('REPLICAOF', '127.0.0.1', String(await freePort()))
      await expectRefusal(fleet, fleet.redis.url, {
        problem: 'is a replica, which takes no changes',
        hint: 'Name the address of its primary.',
      })
      await fleet.redis.client.call('REPLICAOF', 'NO', 'ONE')
      await expectItWorks(fleet)
    }))

  test('it is too old', () =>
    withFleet({ triples: 1 }, async (fleet) => {
      await expectRefusal(fleet, await oldRedis('6.0.16'), {
        problem: 'is version 6.0.16; 6.2 or newer is needed',
        hint: 'Update Redis, or name another server.',
      })
      await expectItWorks(fleet)
    }))

  test('its policy may throw jobs away', () =>
    withFleet({ triples: 1, redisFlags: ['--maxmemory-policy', 'allkeys-lru'] }, async (fleet) => {
      await expectRefusal(fleet, fleet.redis.url, {
        problem: 'may throw away jobs when its memory is full (maxmemory-policy allkeys-lru)',
        hint: 'redis-cli config set maxmemory-policy noeviction',
      })
      await fleet.redis.client.config('SET', 'maxmemory-policy', 'noeviction')
      await expectItWorks(fleet)
    }))

  test('it is full', () =>
    withFleet({ triples: 1, redisFlags: ['--maxmemory', '600kb'] }, async (fleet) => {
      await expectRefusal(fleet, fleet.redis.url, {
        problem: 'is full',
        hint: 'redis-cli config set maxmemory 1gb',
      })
      await fleet.redis.client.config('SET', 'maxmemory', '1gb')
      await expectItWorks(fleet)
    }))

  test(
    'it is full in the middle of the work: that is said, and it goes on when there is room again',
    () =>
      withFleet({ triples: 30 }, async (fleet) => {
        const workers = [fleet.start(['--until-settled']), fleet.start(['--until-settled'])]
        await until('ten batches are made', () => fleet.server.batches().length >= 10)
        await fleet.redis.client.config('SET', 'maxmemory', '1')
        await until('both say so', () => workers.every(({ said }) => said().includes('Redis is full')))
        await fleet.redis.client.config('SET', 'maxmemory', '1gb')
        expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0])
        expectAllDoneOnce(fleet, 30)
        for (const { said } of workers) {
          expect(
            said()
              .split('\n')
              .filter((line) => line.startsWith('! ')).length,
          ).toBeLessThan(6)
        }
      }),
    240_000,
  )
})

describeOnRedis('an address that is none', () => {
  test.each([
    ['nothing', '', 'Workers need a Redis, and none is named.'],
    ['a host alone', 'queue:6379', 'The address of Redis is none'],
    ['another protocol', `http://:wrong-one@127.0.0.1:6379`, 'The address of Redis is none'],
    ['a password that is not escaped', 'redis://:wrong-one/#@[queue:6379', 'The address of Redis is none'],
  ])('%s: wrong usage', (_, url, problem) =>
    withFleet({ triples: 1 }, async (fleet) => {
      for (const worker of [
        fleet.start([], { REDIS_URL: url }),
        ...(url === '' ? [] : [fleet.start(['--redis', url])]),
      ]) {
        expect(await worker.ended).toBe(2)
        expect(worker.said()).toContain(`✗ WrongUsage: ${problem}`)
        expect(worker.said()).toContain('--redis redis://host:6379, or in REDIS_URL')
        expectNoPassword(fleet, worker.said())
      }
    }),
  )
})

/** As much of an old server as a client sees before it is told so. */
async function oldRedis(version: string): Promise<string> {
  const info = `# Server\r\nredis_version:${version}\r\nloading:0\r\n`
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      for (const [, name = ''] of bytes.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
        socket.write(name.toLowerCase() === 'info' ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n')
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
}
