import * as fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { removeWorkspaceLock, workspaceStatus } from '../../src/index.js'
import type { Fault } from '../../src/testing/index.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { unsyncedFileSystem } from '../workspace/support.js'
import {
  answeredTwice,
  countOf,
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  outcomes,
  putInput,
  requestLine,
  resultsOf,
  resultTexts,
  withScene,
  type Scene,
} from './scene.js'

/** The fake server counts four bytes as a token. */
const tokensOf = (requests: number): number => Math.ceil((requests * (requestLine('row-1').length + 1)) / 4)

/** A server that has room for so many requests at a time. */
const roomFor = (requests: number) => ({ limits: { enqueuedTokens: tokensOf(requests) } })

const ran = ({ server }: Scene) => server.batches().filter(({ status }) => status !== 'failed')

/** The lines of each batch that ran. */
const linesSent = (scene: Scene): string[][] =>
  ran(scene).map(({ input_file_id: fileId }) => {
    const bytes = scene.server.fileBytes(fileId ?? '') ?? []
    return Buffer.from(bytes).toString().trimEnd().split('\n')
  })

async function expectAllAnsweredOnce(scene: Scene, root: string, count: number): Promise<void> {
  await expectSettled(scene, root, idsUpTo(count))
  expect(resultTexts(scene, root)).toEqual(idsUpTo(count).map((id) => `${id} success`))
  expect(resultsOf(scene, root).map(({ attempt }) => attempt)).toEqual(idsUpTo(count).map(() => 1))
  expect(answeredTwice(scene)).toEqual([])
  expect(linesSent(scene).flat().toSorted()).toEqual(idsUpTo(count).map((id) => requestLine(id)))
}

describe('a batch that alone is more than the server takes', () => {
  // Requests, what the server takes at a time, batches that run.
  test.each([
    [2, 1, 2],
    [3, 2, 2],
    [4, 2, 2],
    [5, 2, 3],
    [8, 2, 4],
    [8, 1, 8],
    [7, 4, 2],
  ])(
    '%i requests where there is room for %i: %i batches, one answer each, no attempt lost',
    (count, room, batches) =>
      withScene(roomFor(room), async (scene) => {
        const root = indexOf(await scene.submit(scene.requests(count)))
        await scene.watch()
        await expectAllAnsweredOnce(scene, root, count)
        expect(ran(scene)).toHaveLength(batches)
        for (const lines of linesSent(scene)) expect(lines.length).toBeLessThanOrEqual(room)
      }),
  )

  test('is split only after a second refusal, which comes later than the first', () =>
    withScene(roomFor(2), async (scene) => {
      const root = indexOf(await scene.submit(scene.requests(4)))
      scene.server.finishBatches()
      expect(outcomes(await scene.run())).toEqual(['pending BatchFailed'])
      const metadata = await metadataOf(scene, root)
      expect(metadata.split ?? null).toBeNull()
      expect(metadata.room).toMatchObject({ refusals: 1 })
      expect(metadata.room?.next_try_at_ms).toBeGreaterThan(scene.clock.now())
      // Before its time it is not sent, however often somebody runs.
      await scene.run()
      expect(countOf(scene, 'batches.create')).toBe(1)
      const [status] = (await workspaceStatus(scene.workspace)).triples
      expect(status).toMatchObject({ state: 'submitting.waiting-for-room', stateSinceMs: expect.any(Number) })
    }))

  test('keeps its place in the lineage: parts are of the same attempt, and name their parent and root', () =>
    withScene(roomFor(2), async (scene) => {
      const root = indexOf(await scene.submit(scene.requests(4)))
      await scene.watch()
      expect((await metadataOf(scene, root)).split).toMatchObject({
        parts: 2,
        reason: 'token_limit_exceeded',
      })
      for (const { metadata } of ran(scene)) {
        expect(metadata).toMatchObject({ root_index: root, attempt: '1' })
        const part = await metadataOf(scene, metadata?.['index'] ?? '')
        expect(part).toMatchObject({ attempt: 1, parent_index: root, root_index: root, request_count: 2 })
      }
    }))

  test('a part that expires is sent again like any other, as the second attempt', () =>
    withScene(roomFor(2), async (scene) => {
      const refused = { ending: { status: 'completed' } } as const
      scene.server.plan(refused, refused, { ending: { status: 'expired', afterShare: 0.5 } })
      const root = indexOf(await scene.submit(scene.requests(4)))
      await scene.watch()
      await expectSettled(scene, root, idsUpTo(4))
      expect(resultTexts(scene, root)).toEqual(idsUpTo(4).map((id) => `${id} success`))
      const attempts = resultsOf(scene, root).map(({ attempt }) => attempt)
      expect(attempts.toSorted()).toEqual([1, 1, 1, 2])
      expect(answeredTwice(scene)).toEqual([])
    }))

  test('one request that is refused alone needs a person, who is told what to do', () =>
    withScene({ limits: { enqueuedTokens: 10 } }, async (scene) => {
      const root = indexOf(await scene.submit(scene.requests(2)))
      const report = await scene.watch()
      expect(outcomes(report).toSorted()).toEqual([
        'done',
        'needs-attention BatchFailed',
        'needs-attention BatchFailed',
      ])
      const { problem } = report.triples.find(({ index }) => index !== root) ?? {}
      expect(problem?.message).toMatch(/holds one request/)
      expect(problem?.hint).toMatch(/`batch-reconciler retry \/\S+ [\da-f-]{36}`/)
      expect(ran(scene)).toEqual([])
      expect(resultTexts(scene, root)).toEqual(['row-1 not-executed', 'row-2 not-executed'])
      expect(resultsOf(scene, root)[0]?.error?.code).toBe('token_limit_exceeded')
    }))
})

test('an input that somebody put there by hand is split like any other', () =>
  withScene({ faults: [refusal({ message: 'No.', code: 'token_limit_exceeded' })] }, async (scene) => {
    putInput(scene, '7', idsUpTo(4))
    await scene.watch({ shouldSubmit: true })
    await expectAllAnsweredOnce(scene, '7', 4)
    expect(scene.server.batches()).toHaveLength(2)
  }))

describe('batches that fill the server together', () => {
  test('wait for each other and are never split', () =>
    withScene({ ...roomFor(3), defaults: { inProgressMs: 5 * 3_600_000 } }, async (scene) => {
      const roots: string[] = []
      for (const name of ['a', 'b', 'c']) {
        const ids = [1, 2, 3].map((number) => `${name}w-${number}`)
        roots.push(indexOf(await scene.submit(scene.requests(ids, `${name}.jsonl`))))
      }
      await scene.watch()
      expect(ran(scene)).toHaveLength(3)
      for (const root of roots) expect((await metadataOf(scene, root)).split ?? null).toBeNull()
      expect(resultTexts(scene, roots[2] ?? '')).toEqual(['cw-1 success', 'cw-2 success', 'cw-3 success'])
    }))

  test('are asked for less and less often', () =>
    withScene({ ...roomFor(3), defaults: { inProgressMs: 4 * 3_600_000 } }, async (scene) => {
      await scene.submit(scene.requests(['aw-1', 'aw-2', 'aw-3'], 'a.jsonl'))
      await scene.submit(scene.requests(['bw-1', 'bw-2', 'bw-3'], 'b.jsonl'))
      await scene.watch()
      expect(ran(scene)).toHaveLength(2)
      expect(countOf(scene, 'batches.create')).toBeLessThan(16)
    }))
})

/** The first two creations are refused so. */
const refusal = (body: object): Fault => ({
  on: 'batches.create',
  times: 2,
  effect: { type: 'answer', status: 429, body: { error: body } },
})

describe('a creation that is refused because too much waits in the queue', () => {
  test.each([
    ['by its code', { message: 'No.', type: 'rate_limit_error', code: 'token_limit_exceeded' }],
    [
      'by its words',
      { message: 'Enqueued token limit reached for gpt-4o-mini.', type: 'requests', code: null },
    ],
    [
      'as a quota',
      {
        message: 'The enqueued tokens quota is used up.',
        type: 'insufficient_quota',
        code: 'insufficient_quota',
      },
    ],
  ])('is the same case: %s', (_, body) =>
    withScene({ faults: [refusal(body)] }, async (scene) => {
      const root = indexOf(await scene.submit(scene.requests(4)))
      await scene.watch()
      await expectAllAnsweredOnce(scene, root, 4)
      expect(scene.server.batches()).toHaveLength(2)
    }),
  )
})

describe('a quota that only large batches meet', () => {
  const quota = { message: 'You exceeded your current quota.', type: 'insufficient_quota', code: null }
  /** A client whose server refuses inputs of more than two requests, in words that say nothing of size. */
  const clientOf = ({ server }: Scene): OpenAI =>
    new OpenAI({
      apiKey: 'test-key',
      baseURL: 'http://fake.test/v1',
      fetch: (url, init) => {
        const { body } = init ?? {}
        const [, fileId = ''] = /"input_file_id":"([^"]+)"/.exec(typeof body === 'string' ? body : '') ?? []
        const text = Buffer.from(server.fileBytes(fileId) ?? []).toString()
        if (text.trimEnd().split('\n').length <= 2) return server.fetch(url, init)
        return Promise.resolve(Response.json({ error: quota }, { status: 429 }))
      },
    })

  test.each([['a'], ['b'], ['c'], ['d']])(
    'never keeps smaller ones back, whichever comes first; seen beside them, it is one of size: %s',
    (name) =>
      withScene({}, async (scene) => {
        const client = clientOf(scene)
        const large = scene.requests(
          [1, 2, 3, 4].map((number) => `${name}-${number}`),
          'large.jsonl',
        )
        const small = scene.requests([`${name}-5`], 'small.jsonl')
        const { prepared } = await scene.submit([large, small], { client, concurrency: 1 })
        const [root, other] = prepared.map(({ index }) => index) as [string, string]
        expect((await metadataOf(scene, other)).batch_id).not.toBeNull()
        const isOfSize = (await metadataOf(scene, root)).room != null
        expect(isOfSize).toBe(other < root)
        await scene.watch({ client })
        expect(ran(scene)).toHaveLength(isOfSize ? 3 : 1)
        expect(answeredTwice(scene)).toEqual([])
      }),
  )
})

test(
  'wherever the process is killed, each request of a batch that is split runs once and has one row',
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(
          'rename' as const,
          'write' as const,
          'sync' as const,
          'link' as const,
          'remove' as const,
        ),
        fc.integer({ min: 1, max: 60 }),
        (count, room, operation, nth) =>
          withScene(roomFor(room), async (scene) => {
            const path = scene.requests(count)
            const disk = faultFileSystem(unsyncedFileSystem, [{ operation, nth, error: 'crash' }])
            const broken = scene.on(disk)
            await broken
              .submit(path)
              .then(() => broken.watch())
              .catch((error: unknown) => {
                if (!disk.isCrashed()) throw error
              })
            await removeWorkspaceLock(scene.workspace)
            // What was split already stands in its parts, each of which names its root.
            const index = (await scene.submit(path)).prepared[0]?.index ?? ''
            const root = (await metadataOf(scene, index)).root_index ?? index
            // Metadata of a part without its input is looked at again by the run after the one that writes the input.
            await scene.watch()
            await scene.watch()
            await expectAllAnsweredOnce(scene, root, count)
          }),
      ),
      { numRuns: Number(process.env['RUNS'] ?? 25) },
    ),
  120_000,
)
