import { describe, expect, test } from 'vitest'
import {
  cancelBatches,
  removeWorkspaceLock,
  retryByHand,
  submitRequests,
  updateMetadata,
  type CancelReport,
} from '../../src/index.js'
import { faults } from '../../src/testing/index.js'
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
  rejection,
  resultTexts,
  warningsOf,
  withScene,
  type Scene,
} from './scene.js'

const minuteMs = 60_000
const slow = { defaults: { inProgressMs: 60 * minuteMs, cancellingMs: 5 * minuteMs } } as const

const cancel = (scene: Scene, wanted: readonly string[] | 'all'): Promise<CancelReport> =>
  cancelBatches(scene.workspace, wanted, {
    client: scene.client,
    clock: scene.clock,
    onEvent: (event) => void scene.events.push(event),
  })

const pass = ({ clock }: Scene, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms))

const statuses = ({ server }: Scene): string[] => server.batches().map(({ status }) => status)

describe('cancelling a batch', () => {
  test('stops it at the server; partials come in the usual way and the rest is not sent again', () =>
    withScene(slow, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(6)))
      await pass(scene, 30 * minuteMs)
      const report = await cancel(scene, [index])
      expect(outcomes(report)).toEqual(['pending'])
      expect(report.cancelled).toMatchObject([{ index, batchId: scene.server.batches()[0]?.id, requests: 6 }])
      await scene.watch()
      await expectSettled(scene, index, idsUpTo(6))
      expect(statuses(scene)).toEqual(['cancelled'])
      expect(countOf(scene, 'batches.cancel')).toBe(1)
      const texts = resultTexts(scene, index)
      expect(texts.some((text) => text.endsWith(' success'))).toBe(true)
      expect(texts.some((text) => text.endsWith(' not-executed'))).toBe(true)
      expect(warningsOf(scene).join('\n')).toMatch(
        /cancelled at the server; \d of 6 requests were not executed/,
      )
      expect((await metadataOf(scene, index)).cancel).toMatchObject({ answered_at_ms: expect.any(Number) })
    }))

  test('of all takes those that are under way, and leaves what was never sent', () =>
    withScene(slow, async (scene) => {
      const first = indexOf(await scene.submit(scene.requests(['a-1', 'a-2'], 'a.jsonl')))
      const second = indexOf(await scene.submit(scene.requests(['b-1', 'b-2'], 'b.jsonl')))
      putInput(scene, '7', ['c-1'])
      const report = await cancel(scene, 'all')
      expect(report.cancelled.map(({ index }) => index).toSorted()).toEqual([first, second].toSorted())
      await scene.watch()
      expect(statuses(scene)).toEqual(['cancelled', 'cancelled'])
    }))

  test('of one leaves the other alone', () =>
    withScene(slow, async (scene) => {
      const first = indexOf(await scene.submit(scene.requests(['a-1'], 'a.jsonl')))
      const second = indexOf(await scene.submit(scene.requests(['b-1'], 'b.jsonl')))
      await cancel(scene, [first])
      await scene.watch()
      expect(statuses(scene).toSorted()).toEqual(['cancelled', 'completed'])
      expect(resultTexts(scene, second)).toEqual(['b-1 success'])
    }))

  test('that has completed meanwhile is no error: what it answered is delivered', () =>
    withScene({}, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(3)))
      scene.server.finishBatches()
      await cancel(scene, [index])
      await scene.watch()
      await expectSettled(scene, index, idsUpTo(3))
      expect(resultTexts(scene, index)).toEqual(idsUpTo(3).map((id) => `${id} success`))
    }))

  test('twice is the same as once', () =>
    withScene(slow, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(3)))
      await cancel(scene, [index])
      const again = await cancel(scene, [index])
      expect(again.cancelled).toEqual([])
      expect(again.untouched).toEqual([index])
      expect(countOf(scene, 'batches.cancel')).toBe(1)
    }))

  test.each([
    ['the answer is lost', faults.answerLost('batches.cancel', { times: 2 })],
    ['the server has trouble', faults.serverError('batches.cancel', { times: 3 })],
    ['the connection breaks', faults.connectionReset('batches.cancel', { times: 3 })],
  ])('goes on until the server has stopped: %s', (_, fault) =>
    withScene({ ...slow, faults: [fault] }, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(4)))
      await cancel(scene, [index])
      await scene.watch()
      await expectSettled(scene, index, idsUpTo(4))
      expect(statuses(scene)).toEqual(['cancelled'])
    }),
  )

  test('is wanted durably before the server is asked: a crash in between changes nothing', async () => {
    for (let nth = 1; nth <= 12; nth += 1) {
      await withScene(slow, async (scene) => {
        const index = indexOf(await scene.submit(scene.requests(4)))
        const disk = faultFileSystem(unsyncedFileSystem, [{ operation: 'rename', nth, error: 'crash' }])
        await cancel(scene.on(disk), [index]).catch((error: unknown) => {
          if (!disk.isCrashed()) throw error
        })
        await removeWorkspaceLock(scene.workspace)
        const wasWanted = (await metadataOf(scene, index)).cancel != null
        if (countOf(scene, 'batches.cancel') > 0) expect(wasWanted).toBe(true)
        await scene.watch()
        await expectSettled(scene, index, idsUpTo(4))
        expect(statuses(scene)).toEqual([wasWanted ? 'cancelled' : 'completed'])
      })
    }
  })
})

describe('cancelling a submission that was cut off', () => {
  test('finds the batch and stops it, or never makes one, wherever the crash was', async () => {
    const seen = new Set<string>()
    for (let nth = 1; nth <= 14; nth += 1) {
      await withScene(slow, async (scene) => {
        const path = scene.requests(3)
        const disk = faultFileSystem(unsyncedFileSystem, [{ operation: 'rename', nth, error: 'crash' }])
        await scene
          .on(disk)
          .submit(path)
          .catch((error: unknown) => {
            if (!disk.isCrashed()) throw error
          })
        await removeWorkspaceLock(scene.workspace)
        const report = await cancel(scene, 'all')
        const before = scene.server.batches().length
        const { triples } = await scene.watch({ shouldSubmit: report.cancelled.length > 0 })
        const [outcome] = triples.map((triple) => triple.outcome.type)
        if (report.cancelled.length === 0) return
        expect(scene.server.batches()).toHaveLength(before)
        expect(statuses(scene)).toEqual(before === 0 ? [] : ['cancelled'])
        expect(outcome).toBe(before === 0 ? 'not-submitted' : 'done')
        seen.add(String(outcome))
      })
    }
    expect([...seen].toSorted()).toEqual(['done', 'not-submitted'])
  })

  test('is taken back by a person who retries it', () =>
    withScene(slow, async (scene) => {
      putInput(scene, '7', ['a'])
      const path = scene.workspace.layout.workdirFile('metadata', '7')
      await updateMetadata(scene.workspace, path, {
        submission: { intent_key: 'key', intended_at_ms: 1 },
        cancel: { intended_at_ms: 2 },
      })
      expect(outcomes(await scene.run({ shouldSubmit: true }))).toEqual(['not-submitted'])
      expect(outcomes(await scene.run({ shouldSubmit: true }))).toEqual(['not-submitted'])
      const options = { client: scene.client, clock: scene.clock, shouldSubmit: true }
      expect(outcomes(await retryByHand(scene.workspace, '7', options))).toEqual(['pending'])
      expect(scene.server.batches()).toHaveLength(1)
    }))
})

const sendAgain = {
  'submitted again': ({ submit }: Scene, path: string) => submit(path),
  'retried without another word': ({ workspace, client, clock }: Scene, _: string, index: string) =>
    retryByHand(workspace, index, { client, clock }),
}

test.each(Object.entries(sendAgain))(
  'a submission that was cancelled before it became a batch is sent when it is %s',
  (_, send) =>
    withScene(slow, async (scene) => {
      const path = scene.requests(3)
      const index = indexOf(await submitRequests(scene.workspace, [path], { clock: scene.clock }))
      const submission = { intent_key: 'key', intended_at_ms: 1 }
      await updateMetadata(scene.workspace, scene.workspace.layout.workdirFile('metadata', index), {
        submission,
      })
      expect(outcomes(await cancel(scene, [index]))).toEqual(['not-submitted'])
      expect(outcomes(await scene.run({ shouldSubmit: true }))).toEqual(['not-submitted'])
      expect(outcomes(await send(scene, path, index))).toEqual(['pending'])
      await scene.watch()
      await expectSettled(scene, index, idsUpTo(3))
      expect(statuses(scene)).toEqual(['completed'])
    }),
)

describe('cancelling nothing', () => {
  test.each([['9'], ['no index at all']])('of a triple that is not there changes nothing: %s', (text) =>
    withScene(slow, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(2)))
      const error = await rejection(cancel(scene, [index, text]))
      expect(error).toMatchObject({
        code: expect.stringMatching(/NoBatchFileTripleAtIndex|InvalidBatchIndex/),
      })
      expect((await metadataOf(scene, index)).cancel ?? null).toBeNull()
      expect(countOf(scene, 'batches.cancel')).toBe(0)
    }),
  )

  test('without a server is refused, and nothing is noted', () =>
    withScene(slow, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(2)))
      expect(await rejection(cancelBatches(scene.workspace, [index]))).toMatchObject({ code: 'NoProvider' })
      expect((await metadataOf(scene, index)).cancel ?? null).toBeNull()
    }))

  test('a cancelled lineage is sent again when a person asks', () =>
    withScene(slow, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(4)))
      await cancel(scene, [index])
      await scene.watch()
      await retryByHand(scene.workspace, index, { client: scene.client, clock: scene.clock })
      await scene.watch()
      await expectSettled(scene, index, idsUpTo(4))
      expect(resultTexts(scene, index)).toEqual(idsUpTo(4).map((id) => `${id} success`))
      expect(answeredTwice(scene)).toEqual([])
    }))
})
