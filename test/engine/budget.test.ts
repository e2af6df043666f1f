import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { PriceList, WatchOptions } from '../../src/index.js'
import { faults } from '../../src/testing/index.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import {
  countOf,
  metadataOf,
  outcomes,
  rejection,
  reportOf,
  requestLine as unboundedLine,
  withScene,
  type Scene,
} from '../server/scene.js'
import { unsyncedFileSystem } from '../workspace/support.js'

const mostOutput = 400
const requestLine = (id: string, model = 'gpt-4o-mini'): string =>
  unboundedLine(id, model).replace('"messages"', `"max_completion_tokens":${mostOutput},"messages"`)

function put(
  { workspace }: Scene,
  index: string,
  lines: readonly string[] = [requestLine(`r${index}`)],
): void {
  writeFileSync(workspace.layout.workdirFile('input', index), lines.map((line) => `${line}\n`).join(''))
}

/** What one input of `put` may take at most; its answer takes far less. */
const bound = requestLine('r1').length + mostOutput

const send = (scene: Scene, options: WatchOptions): ReturnType<Scene['run']> =>
  scene.run({ shouldSubmit: true, ...options })
const watch = (scene: Scene, options: WatchOptions): ReturnType<Scene['watch']> =>
  scene.watch({ shouldSubmit: true, ...options })
const created = (scene: Scene): number => countOf(scene, 'batches.create')

const prices: PriceList = {
  as_of: '2026-11-26',
  currency: 'USD',
  batch_factor: 0.5,
  models: { 'gpt-4o-mini': { input: 1_000, output: 4_000 } },
}

describe('a limit of tokens', () => {
  test('lets through what is within it, and the rest follows as answers took less than they might', () =>
    withScene({}, async (scene) => {
      for (const index of ['1', '2', '3']) put(scene, index)
      const options = { maxTokens: 2 * bound + 100 }
      const first = await send(scene, options)
      expect(outcomes(first)).toEqual(['pending', 'pending', 'pending OverBudget'])
      expect(reportOf(first, '3')).toMatchObject({
        state: 'submitting.waiting-for-room',
        problem: { hint: expect.stringContaining(`--submit --max-tokens ${3 * bound}\``) },
      })
      expect(created(scene)).toBe(2)
      expect(outcomes(await watch(scene, options))).toEqual(['done', 'done', 'done'])
      expect(created(scene)).toBe(3)
    }))

  test('stops what would go beyond it by itself, for a person; the amount that the message names is enough', () =>
    withScene({}, async (scene) => {
      put(scene, '1')
      const stopped = await watch(scene, { maxTokens: bound - 1 })
      expect(outcomes(stopped)).toEqual(['needs-attention OverBudget'])
      expect(countOf(scene, 'files.create')).toBe(0)
      const [, most = ''] = /--max-tokens (\d+)`/.exec(reportOf(stopped, '1').problem?.hint ?? '') ?? []
      expect(outcomes(await watch(scene, { maxTokens: Number(most) }))).toEqual(['done'])
    }))

  test('holds in a later run, over what was sent without one, and when done/ was cleared', () =>
    withScene({}, async (scene) => {
      put(scene, '1')
      put(scene, '2')
      await send(scene, {})
      put(scene, '3')
      const options = { maxTokens: 2 * bound }
      expect(outcomes(await send(scene, options))).toEqual(['pending', 'pending', 'pending OverBudget'])
      await watch(scene, options)
      expect(created(scene)).toBe(3)
      rmSync(scene.workspace.layout.done, { recursive: true })
      put(scene, '4')
      expect(outcomes(await send(scene, { maxTokens: bound + 20 }))).toEqual(['needs-attention OverBudget'])
    }))

  test('holds over retries', () =>
    withScene({ answer: () => 'server-error' as const }, async (scene) => {
      put(scene, '1', [requestLine('a'), requestLine('b')])
      const options = { maxTokens: 3 * bound }
      const report = await watch(scene, options)
      // Nothing was answered, so nothing is used, and each attempt has the whole limit.
      expect(report.triples.map(({ attempt }) => attempt).toSorted()).toEqual([1, 2, 3])
      put(
        scene,
        '9',
        Array.from({ length: 4 }, (_, at) => requestLine(`big-${at}`)),
      )
      expect(outcomes(await watch(scene, options))).toEqual(['needs-attention OverBudget'])
    }))

  test('is reserved before the server is asked, and kept by a crash', () =>
    withScene({}, async (scene) => {
      put(scene, '1')
      put(scene, '2')
      const fault = scene.server.script(faults.createAnswerLost({ times: 100 }))
      const options = { maxTokens: 2 * bound - 1, concurrency: 1 }
      await send(scene, options)
      expect(fault.hits()).toBeGreaterThan(0)
      expect((await metadataOf(scene, '1')).submission?.bound).toEqual({
        requests: 1,
        input_tokens: bound - mostOutput,
        output_tokens: mostOutput,
        unbounded_requests: 0,
      })
      expect(reportOf(await send(scene, options), '2').problem?.code).toBe('OverBudget')
    }))

  test('is not taken up by what a disk could not note', () =>
    withScene({}, async (scene) => {
      put(scene, '1')
      const disk = faultFileSystem(unsyncedFileSystem, [{ operation: 'rename', nth: 1, error: 'ENOSPC' }])
      await send(scene.on(disk), { maxTokens: bound })
      expect(disk.strikes()).toBe(1)
      expect(outcomes(await watch(scene, { maxTokens: bound }))).toEqual(['done'])
    }))

  test('is given back by a batch that the server refused', () =>
    withScene(
      {
        defaults: {
          ending: {
            status: 'failed',
            errors: [{ code: 'invalid_request', line: 1, message: 'no', param: null }],
          },
        },
      },
      async (scene) => {
        put(scene, '1')
        const options = { maxTokens: bound + 10 }
        expect(outcomes(await watch(scene, options))).toEqual(['needs-attention BatchFailed'])
        put(scene, '2')
        await send(scene, options)
        expect(created(scene)).toBe(2)
      },
    ))
})

describe('requests whose tokens nobody can bound', () => {
  const lines: readonly (readonly [string, string])[] = [
    ['no most of their output', unboundedLine('a')],
    [
      'a picture',
      requestLine('a').replace(
        '"Say a."',
        '[{"type":"image_url","image_url":{"url":"https://x.test/a.png"}}]',
      ),
    ],
  ]

  test.each(lines)('with %s are not sent under a limit, unless somebody says what they take', (_, line) =>
    withScene({}, async (scene) => {
      put(scene, '1', [line])
      const limited = { maxTokens: 100_000 }
      const stopped = await watch(scene, limited)
      expect(outcomes(stopped)).toEqual(['needs-attention OverBudget'])
      expect(reportOf(stopped, '1').problem?.hint).toContain('--assume-tokens')
      expect(outcomes(await watch(scene, { ...limited, assumedTokens: 200_000 }))).toEqual([
        'needs-attention OverBudget',
      ])
      expect(created(scene)).toBe(0)
      expect(outcomes(await watch(scene, { ...limited, assumedTokens: 2_000 }))).toEqual(['done'])
    }),
  )

  test('keep others waiting while they are under way', () =>
    withScene({}, async (scene) => {
      put(scene, '1', [unboundedLine('a')])
      await send(scene, {})
      put(scene, '2')
      const limited = { maxTokens: 100_000 }
      const waiting = await send(scene, limited)
      expect(reportOf(waiting, '2')).toMatchObject({
        outcome: { type: 'pending' },
        problem: { message: expect.stringContaining('1 request of triple 1'), isPassing: true },
      })
      expect(outcomes(await watch(scene, limited))).toEqual(['done', 'done'])
    }))
})

describe('a limit of cost', () => {
  test('is reckoned by the prices: the most before, what was used after', () =>
    withScene({}, async (scene) => {
      put(scene, '1')
      const most = ((bound - mostOutput) * 1_000 + mostOutput * 4_000) / 2 / 1_000_000
      expect(outcomes(await send(scene, { maxCost: most * 0.99, prices }))).toEqual([
        'needs-attention OverBudget',
      ])
      expect(outcomes(await watch(scene, { maxCost: most, prices }))).toEqual(['done'])
      put(scene, '2')
      expect(outcomes(await watch(scene, { maxCost: most * 1.5, prices }))).toEqual(['done'])
    }))

  test('sends nothing of a model without a price', () =>
    withScene({}, async (scene) => {
      put(scene, '1', [requestLine('a', 'gpt-5')])
      const stopped = await send(scene, { maxCost: 1_000, prices })
      expect(reportOf(stopped, '1').problem).toMatchObject({
        code: 'OverBudget',
        message: expect.stringContaining('no price for the model gpt-5'),
      })
      expect(created(scene)).toBe(0)
    }))

  test('needs prices', () =>
    withScene({}, async (scene) => {
      expect((await rejection(send(scene, { maxCost: 1 }))).code).toBe('WrongUsage')
    }))
})
