import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  expectAllDoneOnce,
  hostsSeated,
  timesIn,
  until,
  withFleet,
  type Fleet,
  type WorkerProcess,
} from './fleet.js'
import { canHaveNetworkHosts, startNetworkHost, type NetworkHost } from './network-host.js'
import { describeOnRedis } from './redis-server.js'

const triples = 40

/** Every tenth triple has a request that fails once for a passing reason. */
const failingRow = /^t\d*0-r3$/
const retries = triples / 10

const fleetOptions = {
  triples,
  server: {
    defaults: { validatingMs: 1_000, inProgressMs: 60_000 },
    planFor: () => ({
      rows: [
        {
          when: ({ custom_id: id }: { readonly custom_id: string }) => failingRow.test(id),
          times: 1,
          answer: 'server-error' as const,
        },
      ],
    }),
  },
}

/** Of `start` in the fleet: leases of five seconds. */
const longerThanALeaseMs = 12_000

/** What was under way is there after so long. */
const arrivedMs = 500

interface Site {
  readonly fleet: Fleet
  readonly hosts: readonly [NetworkHost, NetworkHost]
  /** Starts a worker there, which ends when all is settled. */
  readonly start: (host: NetworkHost) => Promise<WorkerProcess>
}

/** Two hosts that reach the server and Redis each over a cable of its own, and share the folder. */
function withSite(use: (site: Site) => Promise<void>): Promise<void> {
  return withFleet(fleetOptions, async (fleet) => {
    const hosts: NetworkHost[] = []
    try {
      for (const name of ['batch-host-a', 'batch-host-b']) {
        hosts.push(await startNetworkHost(name, hosts.length + 1))
      }
      const start: Site['start'] = async (host) => {
        const env = {
          OPENAI_BASE_URL: `http://${await host.relay(fleet.port)}/v1`,
          REDIS_URL: `redis://${await host.relay(Number(new URL(fleet.redis.url).port))}`,
        }
        return fleet.start(['--until-settled', '--max-open-batches', '10'], env, host.place)
      }
      await use({ fleet, hosts: hosts as [NetworkHost, NetworkHost], start })
    } finally {
      for (const host of hosts) await host.remove()
    }
  })
}

const tellsDone = ({ said }: WorkerProcess): number => timesIn(said(), ': done')

describeOnRedis('workers on two hosts', () => {
  describe.skipIf(!canHaveNetworkHosts())('in networks of their own', () => {
    test(
      'of which one is killed, and one is cut off for longer than its leases last: all is done once',
      () =>
        withSite(async ({ fleet, hosts: [a, b], start }) => {
          const onA = await start(a)
          const killed = await start(b)
          await until(
            'both are there',
            async () => (await hostsSeated(fleet.root)).join(' ') === `${a.name} ${b.name}`,
          )
          expect(await hostsSeated(fleet.root)).not.toContain(hostname())
          await until('both have done something', () => tellsDone(onA) > 0 && tellsDone(killed) > 0)
          killed.child.kill('SIGKILL')
          await killed.ended
          const onB = await start(b)
          await until('another one does something', () => tellsDone(onB) > 0)

          a.setCable('out')
          await delay(arrivedMs)
          const [carried, doneBefore] = [a.carried(), tellsDone(onB)]
          await delay(longerThanALeaseMs)
          expect(a.carried()).toBe(carried)
          a.setCable('in')
          expect(await Promise.all([onA.ended, onB.ended])).toEqual([0, 0])
          expect(tellsDone(onB)).toBeGreaterThan(doneBefore)
          expect(a.carried()).toBeGreaterThan(carried)
          expectAllDoneOnce(fleet, triples + retries)
        }),
      300_000,
    )
  })
})
