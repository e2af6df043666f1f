import { describe, expect, test } from 'vitest'
import { faults } from '../../../src/testing/index.js'
import {
  chatInput,
  manualClock,
  noSignal,
  rejection,
  sendJson,
  submission,
  withFile,
  withHandler,
  withScene,
  type Scene,
} from './support.js'

/** Creates so many batches from one upload; gives their ids, oldest first. */
async function createMany({ provider, server }: Scene, count: number): Promise<string[]> {
  const before = server.batches().length
  await withFile(chatInput(1), async (path) => {
    const first = await provider.submit(submission(path), noSignal)
    const { inputFileId } = first
    for (let made = 1; made < count; made += 1)
      await provider.submit(submission(path, { inputFileId }), noSignal)
  })
  return server
    .batches()
    .slice(before)
    .map(({ id }) => id)
}

const callsOf = ({ server }: Scene) => ({
  list: server.requests('batches.list').length,
  retrieve: server.requests('batches.retrieve').length,
})

const answerFor = (id: string) => (id === 'bad' ? '<html>' : { id, object: 'batch', status: 'completed' })

describe('asking for the status of many batches', () => {
  test('a thousand waiting batches cost ten calls', () =>
    withScene({}, async (scene) => {
      const ids = await createMany(scene, 1_000)
      const statuses = await scene.provider.status(ids, noSignal)
      expect([...statuses.keys()].toSorted()).toEqual(ids.toSorted())
      expect([...statuses.values()].every((batch) => batch?.status === 'validating')).toBe(true)
      expect(callsOf(scene)).toEqual({ list: 10, retrieve: 0 })
    }))

  test('one batch is asked for by its id', () =>
    withScene({}, async (scene) => {
      const [id = ''] = await createMany(scene, 1)
      expect((await scene.provider.status([id], noSignal)).get(id)?.batchId).toBe(id)
      expect(callsOf(scene)).toEqual({ list: 0, retrieve: 1 })
    }))

  test('nothing asked is nothing sent', () =>
    withScene({}, async (scene) => {
      expect((await scene.provider.status([], noSignal)).size).toBe(0)
      expect(callsOf(scene)).toEqual({ list: 0, retrieve: 0 })
    }))

  test('a batch that the server does not know is null, an empty id too, and the others are told', () =>
    withScene({}, async (scene) => {
      const [id = ''] = await createMany(scene, 1)
      const statuses = await scene.provider.status(['batch_unknown', '', id], noSignal)
      expect(statuses.get('batch_unknown')).toBeNull()
      expect(statuses.get('')).toBeNull()
      expect(statuses.get(id)?.status).toBe('validating')
    }))

  test('few batches below many newer ones are retrieved after a few pages', () =>
    withScene({}, async (scene) => {
      const ours = await createMany(scene, 3)
      await createMany(scene, 400)
      const statuses = await scene.provider.status(ours, noSignal)
      expect([...statuses.keys()].toSorted()).toEqual(ours.toSorted())
      expect(callsOf(scene)).toEqual({ list: 3, retrieve: 3 })
    }))

  test('at most twenty are retrieved a call, other ones each time, until all were seen', () =>
    withScene({}, async (scene) => {
      const ours = await createMany(scene, 50)
      await createMany(scene, 400)
      const seen = new Set<string>()
      for (let poll = 0; poll < 3; poll += 1) {
        const statuses = await scene.provider.status(ours, noSignal)
        expect(statuses.size).toBe(20)
        for (const id of statuses.keys()) seen.add(id)
      }
      expect(seen.size).toBe(50)
      expect(callsOf(scene)).toEqual({ list: 9, retrieve: 60 })
    }))

  test('a list that ignores `after` is left, and the rest is retrieved', () =>
    withScene({ faults: [faults.listIgnoresAfter()] }, async (scene) => {
      const ids = await createMany(scene, 105)
      const statuses = await scene.provider.status(ids, noSignal)
      expect(statuses.size).toBe(105)
      expect(callsOf(scene)).toEqual({ list: 2, retrieve: 5 })
    }))

  test('a list that does not say whether there is more is read on', () =>
    withScene({ faults: [faults.listWithoutHasMore()] }, async (scene) => {
      const ids = await createMany(scene, 250)
      expect((await scene.provider.status(ids, noSignal)).size).toBe(250)
      expect(callsOf(scene)).toEqual({ list: 3, retrieve: 0 })
    }))

  test('a server without a list is asked batch by batch', () =>
    withHandler(
      (request, response) => {
        const id = (request.url ?? '').match(/batches\/(.+)$/)?.[1]
        if (id === undefined) sendJson(response, { detail: 'Not Found' }, 404)
        else sendJson(response, { id, object: 'batch', status: 'InProgress' })
      },
      async ({ provider, calls }) => {
        const statuses = await provider.status(['a', 'b'], noSignal)
        expect([...statuses.values()].map((batch) => batch?.status)).toEqual(['in_progress', 'in_progress'])
        expect(calls).toHaveLength(3)
      },
    ))

  test('a list that fails at once fails the poll, without a second try', () =>
    withScene({ faults: [faults.serverError('batches.list', { times: Infinity })] }, async (scene) => {
      const ids = await createMany(scene, 2)
      expect((await rejection(scene.provider.status(ids, noSignal))).problem.isPassing).toBe(true)
      expect(callsOf(scene)).toEqual({ list: 1, retrieve: 0 })
    }))

  test('a list that fails later tells what it showed, and the server is spared the rest', () => {
    const fault = faults.rateLimited('batches.list', { skip: 1, retryAfterSeconds: 90 })
    const clock = manualClock()
    return withScene({ faults: [fault], settings: { clock } }, async (scene) => {
      const ids = await createMany(scene, 150)
      expect((await scene.provider.status(ids, noSignal)).size).toBe(100)
      expect(callsOf(scene)).toEqual({ list: 2, retrieve: 0 })
      const spared = await rejection(scene.provider.status(ids, noSignal))
      expect(spared.problem).toMatchObject({ code: 'RateLimited', isPassing: true, retryAfterMs: 90_000 })
      expect(callsOf(scene).list).toBe(2)
      clock.advance(90_000)
      expect((await scene.provider.status(ids, noSignal)).size).toBe(150)
    })
  })

  test('one batch that the server cannot show hides no other', () => {
    return withHandler(
      (request, response) => {
        const id = (request.url ?? '').match(/batches\/(.+)$/)?.[1]
        sendJson(response, id === undefined ? { data: [], has_more: false } : answerFor(id))
      },
      async ({ provider }) => {
        const statuses = await provider.status(['bad', 'good'], noSignal)
        expect([...statuses.keys()]).toEqual(['good'])
      },
    )
  })

  test.each([401, 403, 500])(
    'batches that answer %i one by one are told one by one, and keep no other from being asked',
    (status) =>
      withHandler(
        (request, response) => {
          const id = (request.url ?? '').match(/batches\/(.+)$/)?.[1]
          if (id === undefined) sendJson(response, { data: [], has_more: false })
          else if (id.startsWith('bad')) sendJson(response, { error: { message: 'no' } }, status)
          else sendJson(response, answerFor(id))
        },
        async ({ provider }) => {
          const told = new Map<string, string>()
          const bad = Array.from({ length: 19 }, (_, at) => `bad${at}`)
          const statuses = await provider.status([...bad, 'good'], noSignal, (id, { code }) => {
            told.set(id, code)
          })
          expect([...statuses.keys()]).toEqual(['good'])
          expect([...told.keys()]).toEqual(bad)
          expect([...new Set(told.values())]).toEqual([status === 500 ? 'NetworkError' : 'AccessDenied'])
        },
      ),
  )

  test('when all of them fail, the caller who hears each is not failed as a whole', () =>
    withHandler(
      (request, response) => {
        const isList = request.url?.includes('?') ?? false
        sendJson(response, isList ? { data: [], has_more: false } : {}, isList ? 200 : 401)
      },
      async ({ provider }) => {
        const told: string[] = []
        const statuses = await provider.status(['a', 'b'], noSignal, (id) => told.push(id))
        expect([statuses.size, told]).toEqual([0, ['a', 'b']])
        expect((await rejection(provider.status(['a', 'b'], noSignal))).code).toBe('AccessDenied')
      },
    ))

  test('a server that wants to be left alone is, and the next call begins behind what was asked', () => {
    const clock = manualClock()
    let isBusy = true
    return withHandler(
      (request, response) => {
        const id = (request.url ?? '').match(/batches\/(.+)$/)?.[1]
        if (id === undefined) return sendJson(response, { data: [], has_more: false })
        if (id !== 'a' && isBusy) return sendJson(response, {}, 429)
        return sendJson(response, answerFor(id))
      },
      async ({ provider, calls }) => {
        const first = await provider.status(['a', 'b', 'c'], noSignal, () => expect.unreachable())
        expect([...first.keys()]).toEqual(['a'])
        isBusy = false
        clock.advance(3_600_000)
        const before = calls.length
        const second = await provider.status(['a', 'b', 'c'], noSignal, () => expect.unreachable())
        expect(second.size).toBe(3)
        expect(calls.slice(before + 1)).toHaveLength(3)
      },
      { clock },
    )
  })

  test('a page of HTML for one batch is a passing error, not a status', () =>
    withScene({ faults: [faults.htmlPage('batches.retrieve')] }, async (scene) => {
      const [id = ''] = await createMany(scene, 1)
      const error = await rejection(scene.provider.status([id], noSignal))
      expect(error.problem).toMatchObject({ code: 'NetworkError', isPassing: true })
    }))

  test('truncated JSON is a passing error', () =>
    withScene(
      { faults: [{ on: 'batches.retrieve', effect: { type: 'body', ending: 'clean-end' } }] },
      async (scene) => {
        const [id = ''] = await createMany(scene, 1)
        expect((await rejection(scene.provider.status([id], noSignal))).problem.isPassing).toBe(true)
      },
    ))

  test('an answer that stalls in its body is given up after two minutes', async () => {
    const clock = manualClock()
    const fault = { on: 'batches.retrieve', effect: { type: 'body', ending: 'stall' } } as const
    await withScene({ faults: [fault], settings: { clock } }, async (scene) => {
      const [id = ''] = await createMany(scene, 1)
      const isSet = clock.whenSet(120_000)
      const failed = rejection(scene.provider.status([id], noSignal))
      await isSet
      clock.advance(120_000)
      expect((await failed).message).toContain('within 120 s')
    })
  })

  test('stops at once when it is interrupted, even where the server asks for an hour', () =>
    withHandler(
      () => {},
      async ({ provider, calls }) => {
        const controller = new AbortController()
        const failed = rejection(provider.status(['a', 'b'], controller.signal))
        await expect.poll(() => calls.length, { interval: 1 }).toBe(1)
        controller.abort()
        expect((await failed).code).toBe('Interrupted')
      },
    ))
})
