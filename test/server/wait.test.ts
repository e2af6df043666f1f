import { describe, expect, test } from 'vitest'
import { emptyMetadata, writeMetadata } from '../../src/workspace/metadata.js'
import { faults, type BatchStatus, type Fault } from '../../src/testing/index.js'
import {
  answeredTwice,
  countOf,
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  outcomes,
  putInput,
  resultsOf,
  warningsOf,
  withScene,
  type Scene,
} from './scene.js'

const hourMs = 3_600_000

/** So that a batch runs through a few polls. */
const slow = { defaults: { inProgressMs: 10 * 60_000 } } as const

/** As many triples whose batches run at the server, as their submissions leave them. */
async function putWaiting(scene: Scene, count: number): Promise<void> {
  const { client, workspace } = scene
  for (let index = 1; index <= count; index += 1) {
    putInput(scene, String(index), [`request-${index}`])
    const file = await client.files.create({
      file: new File([`${JSON.stringify({ custom_id: `request-${index}` })}\n`], 'input.jsonl'),
      purpose: 'batch',
    })
    const batch = await client.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    })
    const path = workspace.layout.workdirFile('metadata', String(index))
    await writeMetadata(workspace, path, {
      ...emptyMetadata,
      batch_id: batch.id,
      input_file_id: file.id,
      remote_status: 'in_progress',
    })
  }
}

const running = { defaults: { validatingMs: 23 * hourMs } } as const

describe('many batches that wait', () => {
  test(
    'a thousand cost ten list calls a poll and nothing else',
    () =>
      withScene(running, async (scene) => {
        await putWaiting(scene, 1000)
        const before = scene.server.requests().length
        const report = await scene.run()
        expect(new Set(outcomes(report))).toEqual(new Set(['pending']))
        expect(report.triples).toHaveLength(1000)
        const calls = scene.server.requests().slice(before)
        expect(calls.map(({ operation }) => operation)).toEqual(Array(10).fill('batches.list'))
      }),
    180_000,
  )

  test.each([
    ['the list fails once', faults.serverError('batches.list')],
    ['the list is refused for a while', faults.rateLimited('batches.list', { retryAfterSeconds: 120 })],
    ['the third page fails', faults.serverError('batches.list', { skip: 2 })],
    ['the connection breaks', faults.connectionReset('batches.list', { times: 3 })],
  ] as const)('cost no call each when %s', (_, fault) =>
    withScene(running, async (scene) => {
      await putWaiting(scene, 300)
      const before = scene.server.requests().length
      scene.server.script(fault)
      const report = await scene.run()
      expect(new Set(outcomes(report))).toEqual(new Set(['pending']))
      expect(scene.server.requests().length - before).toBeLessThan(30)
    }),
  )

  test('cost no call each when the server is down, and watch goes on when it is back', () =>
    withScene({ defaults: { validatingMs: 2 * hourMs } }, async (scene) => {
      await putWaiting(scene, 120)
      const backAtMs = scene.server.now() + hourMs
      const down = scene.server.script({
        on: 'all',
        times: Infinity,
        when: () => scene.server.now() < backAtMs,
        effect: { type: 'reset' },
      })
      const report = await scene.watch({ pollDelayMs: 300_000 })
      // Seven tries in each of about twelve polls, whatever the number of batches.
      expect(down.hits()).toBeGreaterThan(20)
      expect(down.hits()).toBeLessThan(120)
      expect(countOf(scene, 'batches.retrieve')).toBe(0)
      expect(report.triples.map(({ remoteStatus }) => remoteStatus)).toEqual(Array(120).fill('failed'))
    }))

  test('that a list no longer shows are retrieved, a few a poll, until all are settled', () =>
    withScene({ defaults: { validatingMs: hourMs } }, async (scene) => {
      const paths = idsUpTo(45).map((id) => scene.requests([id], `${id}.jsonl`))
      await scene.submit(paths)
      scene.server.script({
        on: 'batches.list',
        times: Infinity,
        effect: { type: 'answer', status: 200, body: { object: 'list', data: [], has_more: false } },
      })
      const before = countOf(scene, 'batches.retrieve')
      await scene.run()
      expect(countOf(scene, 'batches.retrieve') - before).toBe(20)
      const report = await scene.watch({ pollDelayMs: 600_000 })
      expect(outcomes(report)).toEqual(Array(45).fill('done'))
    }))

  test.each([
    ['ignores after', faults.listIgnoresAfter()],
    ['does not say whether there is more', faults.listWithoutHasMore()],
    ['lags', faults.listLags({ ms: hourMs })],
  ] as const)('are all settled when the list %s', (_, fault) =>
    withScene({ defaults: { inProgressMs: 30 * 60_000 }, faults: [fault] }, async (scene) => {
      const paths = idsUpTo(110).map((id) => scene.requests([id], `${id}.jsonl`))
      await scene.submit(paths)
      const report = await scene.watch({ pollDelayMs: 600_000 })
      expect(outcomes(report)).toEqual(Array(110).fill('done'))
      expect(scene.server.batches()).toHaveLength(110)
      expect(answeredTwice(scene)).toEqual([])
    }),
  )
})

describe('what a server says of a batch', () => {
  const waiting: readonly BatchStatus[] = ['validating', 'in_progress', 'finalizing', 'cancelling']

  test.each(waiting)('%s: it is still at work', (status) =>
    withScene({ faults: [faults.misreported((batch) => ({ ...batch, status }))] }, async (scene) => {
      const report = await scene.submit(scene.requests(2))
      expect(outcomes(report)).toEqual(['pending'])
      expect(report.triples[0]?.remoteStatus).toBe(status)
      expect((await metadataOf(scene, indexOf(report))).remote_status).toBe(status)
      expect(warningsOf(scene)).toEqual([])
    }),
  )

  test('a status nobody knows means: keep waiting, and say so', () =>
    withScene({ ...slow, faults: [faults.unknownStatus('paused_by_moon')] }, async (scene) => {
      const submitted = await scene.submit(scene.requests(2))
      expect(outcomes(submitted)).toEqual(['pending'])
      expect(warningsOf(scene)[0]).toContain('"paused_by_moon"')
      expect(outcomes(await scene.watch())).toEqual(['done'])
      await expectSettled(scene, indexOf(submitted), idsUpTo(2))
    }))

  const oddities: readonly (readonly [string, Fault])[] = [
    ['capitalised statuses', faults.capitalisedStatus()],
    ['a step backward', faults.backwardStatus()],
    ['counts full of nulls', faults.nullCounts()],
    ['no counts', faults.nullCounts('whole')],
    ['times in milliseconds', faults.otherTimes('milliseconds')],
    ['times as text', faults.otherTimes('iso')],
    ['empty texts as file ids', faults.emptyFileIds()],
    ['no nulls', faults.absentNulls()],
    [
      'American spelling',
      faults.misreported((batch) => ({ ...batch, status: batch.status.replace('cancelled', 'canceled') })),
    ],
    [
      'one field only',
      faults.misreported(({ id, status, output_file_id, error_file_id, input_file_id }) => ({
        id,
        status,
        output_file_id,
        error_file_id,
        input_file_id,
      })),
    ],
  ]

  test.each(oddities)('%s change nothing', (_, fault) =>
    withScene({ ...slow, faults: [fault] }, async (scene) => {
      scene.server.plan({ rows: [{ when: 'row-2', answer: 'bad-request' }], ...slow.defaults })
      const submitted = await scene.submit(scene.requests(3))
      expect(outcomes(await scene.watch())).toEqual(['done'])
      expect(resultsOf(scene, indexOf(submitted)).map(({ outcome }) => outcome)).toEqual([
        'success',
        'permanent',
        'success',
      ])
      await expectSettled(scene, indexOf(submitted), idsUpTo(3))
    }),
  )

  test.each(oddities)('%s change nothing when the answer to the creation was lost', (_, fault) =>
    withScene({ ...slow, faults: [fault, faults.createAnswerLost()] }, async (scene) => {
      const submitted = await scene.submit(scene.requests(3))
      expect(outcomes(await scene.watch())).toEqual(['done'])
      expect(scene.server.batches()).toHaveLength(1)
      await expectSettled(scene, indexOf(submitted), idsUpTo(3))
    }),
  )

  test('404 needs a person: the batch is gone or belongs to another key', () =>
    withScene(slow, async (scene) => {
      const submitted = await scene.submit(scene.requests(2))
      scene.server.script({ ...faults.fileGone({ times: Infinity }), on: 'batches.retrieve' })
      scene.server.script(faults.listLags({ ms: Infinity }))
      const report = await scene.watch()
      expect(outcomes(report)).toEqual(['needs-attention BatchFilesGone'])
      expect(report.triples[0]?.problem?.message).toContain(
        String((await metadataOf(scene, indexOf(submitted))).batch_id),
      )
    }))

  test('404 of every call says nothing of the batch', () =>
    withScene(slow, async (scene) => {
      await scene.submit(scene.requests(2))
      scene.server.script({
        on: ['batches.retrieve', 'batches.list'],
        times: Infinity,
        effect: { type: 'answer', status: 404, body: { detail: 'Not Found' } },
      })
      const report = await scene.watch()
      expect(outcomes(report)).toEqual(['needs-attention RequestRefused'])
      expect(report.triples[0]?.problem?.hint).toMatch(/says nothing of the batch/)
      expect(report.triples[0]?.problem?.hint).not.toMatch(/--again/)
    }))
})

describe('a server that wants to be left alone', () => {
  test('is left alone for as long as it says, by all triples together', () =>
    withScene({ defaults: { validatingMs: hourMs } }, async (scene) => {
      const paths = idsUpTo(5).map((id) => scene.requests([id], `${id}.jsonl`))
      await scene.submit(paths)
      const at = scene.server.now()
      scene.server.script(
        faults.rateLimited(['batches.list', 'batches.retrieve'], { retryAfterSeconds: 1800 }),
      )
      expect(outcomes(await scene.watch())).toEqual(Array(5).fill('done'))
      const after = scene.server.requests().filter(({ atMs }) => atMs > at)
      expect(after.filter(({ atMs }) => atMs < at + 1_800_000)).toEqual([])
    }))

  test('storms of 429 end nothing', () =>
    withScene({ defaults: { validatingMs: hourMs } }, async (scene) => {
      const submitted = await scene.submit(scene.requests(3))
      const storm = scene.server.script(faults.rateLimited('all', { times: 40, retryAfterSeconds: 30 }))
      expect(outcomes(await scene.watch())).toEqual(['done'])
      expect(storm.hits()).toBe(40)
      await expectSettled(scene, indexOf(submitted), idsUpTo(3))
    }))
})

describe('a server that is down for hours', () => {
  test.each([
    ['connections are reset', { type: 'reset' }],
    ['nothing answers', { type: 'silence' }],
    ['a proxy says 502', { type: 'answer', status: 502, body: '<html>Bad gateway</html>' }],
  ] as const)('watch stays and goes on when it is back: %s', (_, effect) =>
    withScene({ defaults: { validatingMs: hourMs } }, async (scene) => {
      const submitted = await scene.submit(scene.requests(3))
      const backAtMs = scene.server.now() + 6 * hourMs
      scene.server.script({ on: 'all', times: Infinity, when: () => scene.server.now() < backAtMs, effect })
      expect(outcomes(await scene.watch())).toEqual(['done'])
      expect(scene.server.batches()).toHaveLength(1)
      await expectSettled(scene, indexOf(submitted), idsUpTo(3))
    }),
  )

  test('run says what is wrong and ends', () =>
    withScene(slow, async (scene) => {
      await scene.submit(scene.requests(3))
      scene.server.script(faults.connectionReset('all', { times: Infinity }))
      const report = await scene.run()
      expect(report.triples[0]?.problem).toMatchObject({ code: 'NetworkError', isPassing: true })
    }))
})

describe('watch', () => {
  test('asks about once a minute, never sooner', () =>
    withScene({ defaults: { validatingMs: hourMs } }, async (scene) => {
      await scene.submit(scene.requests(3))
      await scene.watch()
      const times = scene.server
        .requests('batches.retrieve')
        .map(({ atMs }) => atMs)
        .slice(1)
      const gaps = times.slice(1).map((atMs, position) => atMs - (times[position] ?? 0))
      expect(gaps.length).toBeGreaterThan(40)
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(60_000)
      expect(Math.max(...gaps)).toBeLessThan(80_000)
      expect(new Set(gaps).size).toBeGreaterThan(10)
    }))

  test('settles retries of a lineage before it ends', () =>
    withScene(
      { defaults: { rows: [{ when: 'row-1', times: 2, answer: 'rate-limited' }] } },
      async (scene) => {
        const submitted = await scene.submit(scene.requests(2))
        await scene.watch()
        expect(
          resultsOf(scene, indexOf(submitted)).map(({ outcome, attempt }) => [outcome, attempt]),
        ).toEqual([
          ['success', 3],
          ['success', 1],
        ])
        expect(scene.server.batches()).toHaveLength(3)
      },
    ))

  test('writes nothing while nothing changes', () =>
    withScene({ defaults: { validatingMs: hourMs } }, async (scene) => {
      const submitted = await scene.submit(scene.requests(2))
      const before = await metadataOf(scene, indexOf(submitted))
      await scene.run()
      await scene.run()
      expect(await metadataOf(scene, indexOf(submitted))).toEqual(before)
    }))
})
