import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { estimateRequests, planWorkspace, submitRequests, type PriceList } from '../../src/index.js'
import { countOf, requestLine, withScene } from '../server/scene.js'
import { filesBelow } from '../workspace/support.js'
import { jsonl } from './lines.js'

const prices: PriceList = {
  as_of: '2026-11-26',
  currency: 'USD',
  batch_factor: 0.5,
  models: { 'gpt-4o-mini': { input: 1_000, output: 4_000 } },
}

const bounded = (id: string): string =>
  requestLine(id, 'gpt-4o-mini').replace('"messages"', '"max_completion_tokens":400,"messages"')

test('an estimate has what a submission then sends, and nothing of it afterwards', () =>
  withScene({}, async (scene) => {
    const { workspace, client } = scene
    const path = join(workspace.root, 'requests.jsonl')
    writeFileSync(path, jsonl(bounded('a'), bounded('b'), bounded('c')))
    const before = filesBelow(workspace.root)
    const { batches, leftOut } = await estimateRequests(workspace, [path], { client, prices })
    expect(filesBelow(workspace.root)).toEqual(before)
    expect(countOf(scene, 'files.create')).toBe(0)
    const [batch] = batches
    expect([batches.length, batch?.requests, leftOut]).toEqual([1, 3, 0])
    const cost = ((batch?.input.tokens ?? NaN) * 1_000 + 3 * 400 * 4_000) / 2 / 1_000_000
    expect(batch?.cost?.most).toBeCloseTo(cost, 10)
    const { prepared } = await submitRequests(workspace, [path], { client })
    expect(prepared.map(({ requests }) => requests)).toEqual([3])
    expect(await estimateRequests(workspace, [path], { client })).toEqual({ batches: [], leftOut: 3 })
    const again = await estimateRequests(workspace, [path], { shouldSubmitAgain: true })
    expect(again.batches.map(({ requests, cost: none }) => [requests, none])).toEqual([[3, null]])
  }))

test('a plan estimates inputs that were never submitted, when it is asked to', () =>
  withScene({}, async ({ workspace }) => {
    writeFileSync(
      workspace.layout.workdirFile('input', '7'),
      jsonl(bounded('a'), requestLine('b', 'gpt-4o-mini')),
    )
    const plan = await planWorkspace(workspace, { shouldCheckIds: true, shouldEstimate: true, prices })
    expect(plan.triples).toMatchObject([
      {
        index: '7',
        estimate: { invalid: 0, batches: [{ requests: 2, output: { most: 400, unbounded: 1 } }] },
      },
    ])
    // Of a request that names no most nobody can tell it.
    expect(plan.triples[0]?.estimate?.batches[0]?.cost).toMatchObject({
      input: expect.any(Number),
      most: null,
    })
    const without = await planWorkspace(workspace, { shouldCheckIds: true })
    expect(without.triples).toMatchObject([{ estimate: null }])
  }))
