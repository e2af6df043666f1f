import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { expect, test } from 'vitest'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expectAllDoneOnce, until, withFleet, type Fleet } from './fleet.js'
import { requestLine } from '../server/scene.js'
import { describeOnRedis } from './redis-server.js'

/** With what each request is reckoned, which is far more than it takes. */
const assumed = 1_000_000
const atOnce = 3

const isRunning = (status: string): boolean => ['validating', 'in_progress', 'finalizing'].includes(status)

/** The most batches that were at work at once, seen until all are done. */
async function mostAtOnce({ root, server }: Fleet): Promise<number> {
  let most = 0
  await until('all are done', () => {
    most = Math.max(most, server.batches().filter(({ status }) => isRunning(status)).length)
    return readdirSync(join(root, 'workdir')).length === 0
  })
  return most
}

/** Tokens of the input of one request: its text, what a chat adds to a message, and what begins the answer. */
function tokensOf(id: string): number {
  const { body } = JSON.parse(requestLine(id)) as { body: { messages: readonly { content: string }[] } }
  return countTokens('user') + countTokens(body.messages[0]?.content ?? '') + 3 + 3
}

const fleetOptions = { triples: 9, rows: 1, server: { defaults: { inProgressMs: 20_000 } } }

describeOnRedis('workers with one limit of tokens', () => {
  test(
    'keep it together: no more is under way than may be spent, and all is sent in the end',
    () =>
      withFleet(fleetOptions, async (fleet) => {
        const limit = ['--max-tokens', String((atOnce + 0.5) * assumed), '--assume-tokens', String(assumed)]
        const workers = [1, 2, 3].map(() => fleet.start([...limit, '--until-settled']))
        const most = await mostAtOnce(fleet)
        await Promise.all(workers.map(({ ended }) => ended))
        expect(most).toBeLessThanOrEqual(atOnce)
        expect(most).toBeGreaterThan(0)
        expectAllDoneOnce(fleet, 9)
      }),
    180_000,
  )

  test(
    'at the server at once keep it together',
    () =>
      withFleet(fleetOptions, async (fleet) => {
        const limit = ['--max-open-tokens', String(Math.floor((atOnce + 0.5) * tokensOf('t1-r1')))]
        const workers = [1, 2, 3].map(() => fleet.start([...limit, '--until-settled']))
        expect(await mostAtOnce(fleet)).toBe(atOnce)
        expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0, 0])
        expectAllDoneOnce(fleet, 9)
      }),
    180_000,
  )
})
