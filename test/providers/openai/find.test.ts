import { describe, expect, test } from 'vitest'
import type { FindQuery } from '../../../src/providers/batch-provider.js'
import { faults, type Fault } from '../../../src/testing/index.js'
import {
  chatInput,
  noSignal,
  rejection,
  sendJson,
  startAtMs,
  submission,
  withFile,
  withHandler,
  withScene,
  type Scene,
} from './support.js'

const minuteMs = 60_000

/** Creates so many batches from one upload; gives the file id. */
async function createMany({ provider }: Scene, count: number): Promise<string> {
  return withFile(chatInput(1), async (path) => {
    const first = await provider.submit(submission(path), noSignal)
    const inputFileId = first.inputFileId ?? ''
    for (let made = 1; made < count; made += 1)
      await provider.submit(submission(path, { inputFileId }), noSignal)
    return inputFileId
  })
}

const listCalls = ({ server }: Scene) => server.requests('batches.list').length
const query = (inputFileId: string, changes: Partial<FindQuery> = {}): FindQuery => ({
  inputFileId,
  intentKey: null,
  uploadedAtMs: startAtMs,
  ...changes,
})

const idsFound = async ({ provider }: Pick<Scene, 'provider'>, asked: FindQuery): Promise<string[]> =>
  (await provider.find(asked, noSignal)).batches.map(({ batchId }) => batchId)

const doubtOver = async ({ provider }: Pick<Scene, 'provider'>, asked: FindQuery) => {
  const { problem } = await rejection(provider.find(asked, noSignal))
  expect(problem).toMatchObject({ code: 'SubmissionAmbiguous', isPassing: true })
  return problem
}

/** So many seconds younger than a batch of long ago. */
const agedBatch = (index: number, inputFileId: string) => ({
  id: `batch_${index}`,
  object: 'batch',
  status: 'validating',
  input_file_id: inputFileId,
  created_at: startAtMs / 1000 - 1_000_000 + index,
})

/** Ten minutes apart, in pages of ten. */
const spread = async (scene: Scene) => {
  for (let made = 0; made < 40; made += 1) {
    await createMany(scene, 1)
    scene.server.advance(10 * minuteMs)
  }
  return createMany(scene, 1)
}

describe('looking for the batches of an upload', () => {
  test('finds the one whose creation was not answered', () =>
    withScene({ faults: [faults.createAnswerLost()] }, async (scene) => {
      const { facts } = await withFile(chatInput(2), (path) =>
        rejection(scene.provider.submit(submission(path), noSignal)),
      )
      expect(await idsFound(scene, query(String(facts['inputFileId'])))).toEqual(
        scene.server.batches().map(({ id }) => id),
      )
    }))

  test('finds all of them, and none of other uploads', () =>
    withScene({}, async (scene) => {
      const mine = await createMany(scene, 2)
      await createMany(scene, 3)
      expect(await idsFound(scene, query(mine))).toHaveLength(2)
      expect(await idsFound(scene, query('file-unknown'))).toEqual([])
    }))

  test('finds it on a later page', () =>
    withScene({}, async (scene) => {
      const mine = await createMany(scene, 1)
      await createMany(scene, 230)
      expect(await idsFound(scene, query(mine))).toHaveLength(1)
      expect(listCalls(scene)).toBe(3)
    }))

  test('goes on when full pages do not say whether there is more', () =>
    withScene({ faults: [faults.listWithoutHasMore()] }, async (scene) => {
      const mine = await createMany(scene, 1)
      await createMany(scene, 120)
      expect(await idsFound(scene, query(mine))).toHaveLength(1)
    }))

  test('stops at batches that are older than the upload, with an hour for clocks that are apart', () =>
    withScene({ faults: [faults.listSmallPages(10)] }, async (scene) => {
      const mine = await spread(scene)
      const uploadedAtMs = scene.server.now()
      expect(await idsFound(scene, query(mine, { uploadedAtMs }))).toHaveLength(1)
      expect(listCalls(scene)).toBe(2)
      expect(await idsFound(scene, query('file-unknown', { uploadedAtMs }))).toEqual([])
      expect(listCalls(scene)).toBe(4)
    }))

  test('reads all of the list where the time of the upload is not known', () =>
    withScene({ faults: [faults.listSmallPages(10)] }, async (scene) => {
      await spread(scene)
      await scene.provider.find(query('file-unknown', { uploadedAtMs: null }), noSignal)
      expect(listCalls(scene)).toBe(6)
    }))

  test('does not stop at an old page of a list that runs from old to new', () =>
    withHandler(
      (request, response) => {
        const isFirst = !(request.url ?? '').includes('after=')
        const old = Array.from({ length: 100 }, (_, index) => agedBatch(index, 'file-other'))
        sendJson(
          response,
          isFirst
            ? { data: old, has_more: true }
            : { data: [agedBatch(1_000_000, 'file-1')], has_more: false },
        )
      },
      async ({ provider }) => {
        expect(await idsFound({ provider }, query('file-1'))).toEqual(['batch_1000000'])
      },
    ))

  test('never says "none" when the list repeats itself and hides the rest', () =>
    withScene({ faults: [faults.listIgnoresAfter()] }, async (scene) => {
      const hidden = await createMany(scene, 1)
      const shown = await createMany(scene, 100)
      await doubtOver(scene, query(hidden))
      expect(await idsFound(scene, query(shown))).toHaveLength(100)
    }))

  test.each([
    ['a page of HTML', '<html></html>'],
    ['an error object', { error: { message: 'no' } }],
    ['null', null],
  ])('never takes %s for an empty list', (_name, body) =>
    withHandler(
      (_request, response) => sendJson(response, body),
      async ({ provider }) => {
        const error = await rejection(provider.find(query('file-1'), noSignal))
        expect(error.problem).toMatchObject({ code: 'NetworkError', isPassing: true })
      },
    ),
  )

  test.each([
    ['names the file but is no batch', { input_file_id: 'file-1', state: 'new' }],
    [
      'is a batch that does not say its file',
      { id: 'batch_1', status: 'validating', created_at: startAtMs / 1000 },
    ],
  ])('never says "none" while an entry %s', (_name, entry) =>
    withHandler(
      (_request, response) => sendJson(response, { object: 'list', data: [entry], has_more: false }),
      async ({ provider }) => {
        const { facts } = await doubtOver({ provider }, query('file-1', { uploadedAtMs: null }))
        expect(facts).toMatchObject({ inputFileId: 'file-1' })
      },
    ),
  )

  test('takes `data: null` of a list for an empty one', () =>
    withHandler(
      (_request, response) => sendJson(response, { object: 'list', data: null }),
      async ({ provider }) => expect(await idsFound({ provider }, query('file-1'))).toEqual([]),
    ))

  test('fails as a whole when a later page fails', () =>
    withScene({ faults: [faults.serverError('batches.list', { skip: 1 })] }, async (scene) => {
      const mine = await createMany(scene, 1)
      await createMany(scene, 120)
      expect((await rejection(scene.provider.find(query(mine), noSignal))).code).toBe('NetworkError')
    }))
})

/** A page as a server may send it: entries `from` the newest, and what it says about more. */
type Pages = (
  after: string | null,
  limit: number,
) => { readonly data: readonly unknown[]; readonly has_more?: unknown }

const entries = Array.from({ length: 45 }, (_, position) => ({
  id: `batch_${45 - position}`,
  object: 'batch',
  status: 'completed',
  input_file_id: `file-${45 - position}`,
  created_at: startAtMs / 1000 - position * 60,
}))

/** Honest pages of so many entries. */
const paged =
  (size: number): Pages =>
  (after) => {
    const start = after === null ? 0 : entries.findIndex(({ id }) => id === after) + 1
    return { data: entries.slice(start, start + size) }
  }

const listing = (pages: Pages): Parameters<typeof withHandler>[0] =>
  function answer(request, response) {
    const { searchParams } = new URL(request.url ?? '', 'http://here')
    const page = pages(searchParams.get('after'), Number(searchParams.get('limit')))
    sendJson(response, { object: 'list', ...page })
  }

describe('a list that proves that there is no such batch', () => {
  const whole: [string, Pages, number][] = [
    [
      'says that its last page is the last',
      (after) => ({ ...paged(20)(after, 100), has_more: after !== 'batch_6' && after !== 'batch_1' }),
      4,
    ],
    ['says nothing, and ends with an empty page', paged(20), 4],
    ['says nothing, and has pages of one entry', paged(1), 46],
    ['is empty', () => ({ data: [] }), 1],
    ['is empty and says so', () => ({ data: [], has_more: false }), 1],
    ['shows all at once, says so, and pages not at all', () => ({ data: entries, has_more: false }), 2],
    [
      'says "false" on every page, and shows more when asked',
      (after) => ({ ...paged(20)(after, 100), has_more: false }),
      4,
    ],
    ['repeats the last entry of each page on the next', overlapping, 5],
  ]

  test.each(whole)('%s', (_name, pages, calls) =>
    withHandler(listing(pages), async (scene) => {
      expect(await idsFound(scene, query('file-unknown', { uploadedAtMs: null }))).toEqual([])
      expect(scene.calls.filter((call) => call.startsWith('GET /v1/batches'))).toHaveLength(calls)
    }),
  )

  test.each(whole.filter(([name]) => !name.startsWith('is empty')))(
    'and one that %s still shows the oldest',
    (_name, pages) =>
      withHandler(listing(pages), async (scene) => {
        expect(await idsFound(scene, query('file-1', { uploadedAtMs: null }))).toEqual(['batch_1'])
      }),
  )

  test('need not know a page behind the last one', () =>
    withHandler(
      (request, response) =>
        (request.url ?? '').includes('after=')
          ? sendJson(response, { error: { message: 'no such cursor' } }, 400)
          : sendJson(response, { data: entries, has_more: false }),
      async (scene) => expect(await idsFound(scene, query('file-unknown'))).toEqual([]),
    ))
})

/** Starts with the entry that `after` names. */
const overlapping: Pages = (after) => {
  const start = after === null ? 0 : entries.findIndex(({ id }) => id === after)
  return { data: entries.slice(start, start + 12), has_more: start + 12 < entries.length }
}

describe('a list that proves nothing', () => {
  const partial: [string, Pages][] = [
    ['ignores `after` and always promises more', () => ({ data: entries.slice(0, 3), has_more: true })],
    ['ignores `after` and says nothing', () => ({ data: entries.slice(0, 3) })],
    ['ignores `after`, and one entry is all it shows', () => ({ data: entries.slice(0, 1) })],
    ['ignores `after`, and says `null`', () => ({ data: entries.slice(0, 20), has_more: null })],
    [
      'ignores `after` and honours `limit`',
      (_after, limit) => ({ data: entries.slice(0, Math.min(5, limit)) }),
    ],
    [
      'repeats itself, and then says it was the last',
      (after) => ({ data: entries.slice(0, 20), has_more: after === null }),
    ],
    ['promises more and shows an empty page', () => ({ data: [], has_more: true })],
    [
      'promises more behind an empty page',
      (after) =>
        after === null ? { data: entries.slice(0, 20), has_more: true } : { data: [], has_more: true },
    ],
    [
      'has entries without ids and promises more',
      () => ({ data: [{ status: 'completed' }], has_more: true }),
    ],
    [
      'goes round in circles',
      (after) => ({ data: entries.slice(after === 'batch_26' ? 0 : 20, after === 'batch_26' ? 20 : 40) }),
    ],
  ]

  test.each(partial)('%s', (_name, pages) =>
    withHandler(listing(pages), async (scene) => {
      const { message, hint } = await doubtOver(scene, query('file-unknown'))
      expect(message).toContain('file-unknown')
      expect(hint).toContain('Nothing is sent again')
      expect(scene.calls.length).toBeLessThan(5)
    }),
  )

  test('still shows what it shows', () =>
    withHandler(
      listing(() => ({ data: entries.slice(0, 3), has_more: true })),
      async (scene) => expect(await idsFound(scene, query('file-44'))).toEqual(['batch_44']),
    ))

  test('is not taken for one that goes from newer to older because a few entries do', () => {
    const old = [3, 2, 1].map((number) => agedBatch(number, 'file-other'))
    const pages: Pages = (after) =>
      after === null
        ? { data: old, has_more: true }
        : { data: [agedBatch(2_000_000, 'file-1')], has_more: false }
    return withHandler(listing(pages), async (scene) =>
      expect(await idsFound(scene, query('file-1'))).toEqual(['batch_2000000']),
    )
  })
})

describe('a batch is ours', () => {
  const ours = 'intent-of-ours'
  const entryWith = (changes: object) => ({ ...entries[0], metadata: { intent_key: ours }, ...changes })

  test.each([
    ['by its upload alone', { input_file_id: 'file-1', metadata: null }],
    ['by our key where it names no upload', { input_file_id: null }],
    ['by our key where the field is missing', { input_file_id: undefined }],
    ['by our key where it names another upload', { input_file_id: 'file-renamed' }],
  ])('%s', (_name, changes) =>
    withHandler(
      listing(() => ({ data: [entryWith(changes)], has_more: false })),
      async (scene) =>
        expect(await idsFound(scene, query('file-1', { intentKey: ours }))).toEqual(['batch_45']),
    ),
  )

  test.each([
    [
      'the key of another submission, and no upload',
      { input_file_id: null, metadata: { intent_key: 'other' } },
    ],
    ['another upload and no key', { metadata: {} }],
    ['our key under another name', { metadata: { key: ours } }],
  ])('and not by %s', (_name, changes) =>
    withHandler(
      listing(() => ({ data: [entryWith(changes)], has_more: false })),
      async (scene) => expect(await idsFound(scene, query('file-1', { intentKey: ours }))).toEqual([]),
    ),
  )

  test('perhaps, where it names neither upload nor key', () =>
    withHandler(
      listing(() => ({ data: [entryWith({ input_file_id: null, metadata: {} })], has_more: false })),
      async (scene) => {
        const { message } = await doubtOver(scene, query('file-1', { intentKey: ours, uploadedAtMs: null }))
        expect(message).toContain('batch_45 does not say')
      },
    ))
})

describe('the time of a search', () => {
  test("is the server's own, however far it is from ours", () =>
    withScene({ clock: { now: () => startAtMs - 1_200_000 } }, async (scene) => {
      const { serverNowMs } = await scene.provider.find(query('file-unknown'), noSignal)
      expect(serverNowMs).toBe(startAtMs - 1_200_000)
    }))

  test('is none where the server does not say', () =>
    withScene({ sendsDate: false }, async (scene) => {
      expect((await scene.provider.find(query('file-unknown'), noSignal)).serverNowMs).toBeNull()
    }))
})

describe('faults of lists', () => {
  test.each<[string, Fault, boolean]>([
    ['pages of two', faults.listSmallPages(2), true],
    ['pages of two that each say they are the last', faults.listDeniesMore(2), true],
    [
      'the same two again and again',
      { ...faults.listIgnoresAfter(), effect: { type: 'list', ignoresAfter: true, mostEntries: 2 } },
      false,
    ],
  ])('%s', (_name, fault, isWhole) =>
    withScene({ faults: [fault] }, async (scene) => {
      await createMany(scene, 5)
      const found = idsFound(scene, query('file-unknown'))
      await (isWhole
        ? expect(found).resolves.toEqual([])
        : expect(found).rejects.toThrow(/repeat themselves/))
    }),
  )
})
