import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hangs, secret, startReceiver, type Receiver } from '../cli/receiver.js'
import { parseMetrics } from '../engine/signals/parse-metrics.js'
import { until, withFleet, type Fleet } from './fleet.js'
import { describeOnRedis } from './redis-server.js'

const triples = 4
const env = { BATCH_RECONCILER_WEBHOOK_SECRET: secret }
const fleetOptions = { triples, server: { defaults: { validatingMs: 1_000, inProgressMs: 5_000 } } }

/** A triple whose input is gone, or has come back from nowhere. */
const brokenPath = ({ root }: Fleet, index: number): string =>
  join(root, 'workdir', `batch_output_${index}.jsonl`)
const breakOne = (fleet: Fleet, index: number): void => writeFileSync(brokenPath(fleet, index), '{}\n')

const typesOf = ({ signals }: Receiver): readonly string[] =>
  signals()
    .map(({ type }) => type)
    .toSorted()

describeOnRedis('the signals of workers', () => {
  test(
    'are told once by all of them together, and again when what they are about was gone in between',
    () =>
      withFleet(fleetOptions, async (fleet) => {
        const receiver = await startReceiver()
        const flags = ['--until-settled', '--webhook', receiver.url]
        const work = (workers: number) =>
          Promise.all(Array.from({ length: workers }, () => fleet.start(flags, env).ended))
        breakOne(fleet, 9)
        expect(await work(3)).toEqual([1, 1, 1])
        expect(typesOf(receiver)).toEqual(['needs-person', 'settled'])
        expect(receiver.signals()).toContainEqual(
          expect.objectContaining({
            type: 'needs-person',
            data: expect.objectContaining({ workspace: fleet.root, count: 1, indices: ['9'] }),
          }),
        )
        expect(receiver.signals()).toContainEqual(
          expect.objectContaining({
            type: 'settled',
            data: expect.objectContaining({ triples: { done: triples, 'needs-attention': 1 } }),
          }),
        )

        // Workers that come and go are no news.
        expect(await work(1)).toEqual([1])
        expect(typesOf(receiver)).toHaveLength(2)

        // The same cause, of one more; settled with other numbers.
        breakOne(fleet, 10)
        expect(await work(1)).toEqual([1])
        expect(typesOf(receiver)).toEqual(['needs-person', 'settled', 'settled'])

        for (const index of [9, 10]) rmSync(brokenPath(fleet, index))
        expect(await work(1)).toEqual([0])
        breakOne(fleet, 9)
        expect(await work(1)).toEqual([1])
        expect(typesOf(receiver).filter((type) => type === 'needs-person')).toHaveLength(2)
      }),
    180_000,
  )

  test(
    'are told by another one when the one that had them on their way is killed',
    () =>
      withFleet({ ...fleetOptions, triples: 1 }, async (fleet) => {
        const receiver = await startReceiver((response) => {
          response.statusCode = hangs
        })
        breakOne(fleet, 9)
        const killed = fleet.start(['--webhook', receiver.url], env)
        await until('the receiver has it, and says nothing', () => receiver.tries.length > 0)
        killed.child.kill('SIGKILL')
        await killed.ended
        const receiverOfOther = await startReceiver()
        const other = fleet.start(['--until-settled', '--webhook', receiverOfOther.url], env)
        expect(await other.ended).toBe(1)
        expect(typesOf(receiverOfOther)).toEqual(['needs-person', 'settled'])
        const causes = [receiver, receiverOfOther].map(({ signals }) => signals()[0]?.data['cause_id'])
        expect(causes[0]).toMatch(/^[0-9a-f]{32}$/)
        expect(causes[1]).toBe(causes[0])
      }),
    120_000,
  )

  test(
    'come with the command, and with numbers of the whole workspace beside those of the worker',
    () =>
      withFleet(fleetOptions, async (fleet) => {
        const [told, metrics] = ['told.json', 'batches.prom'].map((name) =>
          join(fleet.root, '..', `${fleet.port}-${name}`),
        )
        try {
          breakOne(fleet, 9)
          const first = fleet.start(['--until-settled'])
          expect(await first.ended).toBe(1)
          expect(first.said()).toContain(
            `1 triple of the workspace waits for somebody; what for: batch-reconciler status ${fleet.root}`,
          )
          const flags = ['--on-settled', `cat > '${told}'`, '--metrics-file', metrics ?? '']
          expect(await fleet.start(['--until-settled', ...flags]).ended).toBe(1)
          expect(JSON.parse(readFileSync(told ?? '', 'utf8'))).toMatchObject({
            type: 'settled',
            data: { triples: { done: triples, 'needs-attention': 1 }, unconfirmed: 0 },
          })
          const values = parseMetrics(readFileSync(metrics ?? '', 'utf8'))
          const valueOf = (name: string, label: string): number | undefined =>
            values
              .find((family) => family.name === `batch_reconciler_${name}`)
              ?.samples.find(({ labels }) => Object.values(labels).includes(label))?.value
          expect(valueOf('triples', 'done')).toBe(triples)
          expect(valueOf('triples', 'needs-attention')).toBe(1)
          expect(valueOf('stuck_triples', 'needs-attention')).toBe(1)
          expect(valueOf('running', fleet.root)).toBe(0)
        } finally {
          for (const path of [told, metrics]) if (existsSync(path ?? '')) rmSync(path ?? '')
        }
      }),
    120_000,
  )
})
