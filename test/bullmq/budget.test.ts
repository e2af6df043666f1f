import { expect, test } from 'vitest'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expectAllDoneOnce, until, withFleet } from './fleet.js'
import { describeOnRedis } from './redis-server.js'

/** With what each request is reckoned, which is far more than it takes. */
const assumed = 1_000_000
const atOnce = 3

const isRunning = (status: string): boolean => ['validating', 'in_progress', 'finalizing'].includes(status)

describeOnRedis('workers with one limit of tokens', () => {
  test(
    'keep it together: no more is under way than may be spent, and all is sent in the end',
    () =>
      withFleet({ triples: 9, rows: 1, server: { defaults: { inProgressMs: 20_000 } } }, async (fleet) => {
        const limit = ['--max-tokens', String((atOnce + 0.5) * assumed), '--assume-tokens', String(assumed)]
        const workers = [1, 2, 3].map(() => fleet.start([...limit, '--until-settled']))
        let most = 0
        await until('all are done', () => {
          most = Math.max(most, fleet.server.batches().filter(({ status }) => isRunning(status)).length)
          return readdirSync(join(fleet.root, 'workdir')).length === 0
        })
        await Promise.all(workers.map(({ ended }) => ended))
        expect(most).toBeLessThanOrEqual(atOnce)
        expect(most).toBeGreaterThan(0)
        expectAllDoneOnce(fleet, 9)
      }),
    180_000,
  )
})
