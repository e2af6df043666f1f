import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { faults, type Fault } from '../../src/testing/index.js'
import {
  answeredTwice,
  callsOf,
  countOf,
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  namesIn,
  outcomes,
  putInput,
  reportOf,
  rejection,
  requestLine,
  resultTexts,
  warningsOf,
  withScene,
  type Scene,
} from './scene.js'

const minuteMs = 60_000

/** So that a submission that takes minutes does not find its batch finished. */
const slow = { defaults: { inProgressMs: 20 * minuteMs } } as const

/** Whether somebody sent these bytes from elsewhere. */
const lookAround = ['files.list', 'batches.list']

describe('the plain way', () => {
  test('a file is submitted once, waited for, downloaded, proven and moved', () =>
    withScene({}, async (scene) => {
      const submitted = await scene.submit(scene.requests(5))
      expect(outcomes(submitted)).toEqual(['pending'])
      const report = await scene.watch()
      expect(outcomes(report)).toEqual(['done'])
      await expectSettled(scene, indexOf(submitted), idsUpTo(5))
      const [batch] = scene.server.batches()
      expect(batch?.metadata).toMatchObject({
        index: indexOf(submitted),
        attempt: '1',
        tool: 'batch-reconciler',
      })
      expect(callsOf(scene).filter((call) => !call.startsWith('batches.retrieve'))).toEqual([
        ...lookAround,
        'files.create',
        'batches.create',
        'files.retrieve',
        'files.content',
      ])
    }))

  test('the same file submitted again makes no second batch, neither before nor after it is done', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(3)
      const first = await scene.submit(path)
      const second = await scene.submit(path)
      expect(second.prepared).toEqual([{ ...first.prepared[0], isKnown: true }])
      await scene.watch()
      const third = await scene.submit(path)
      expect(third.prepared).toEqual([{ ...first.prepared[0], isKnown: true }])
      expect(scene.server.batches()).toHaveLength(1)
      expect(countOf(scene, 'files.create')).toBe(1)
    }))

  test('the same file is sent again when that is asked for, as a triple of its own', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(3)
      const first = await scene.submit(path)
      const second = await scene.submit(path, { shouldSubmitAgain: true })
      expect(indexOf(second)).not.toBe(indexOf(first))
      await scene.watch()
      expect(scene.server.batches()).toHaveLength(2)
      expect(resultTexts(scene, indexOf(first))).toHaveLength(3)
      expect(resultTexts(scene, indexOf(second))).toHaveLength(3)
    }))

  test('one path given twice is one batch', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(2)
      await scene.submit([path, path])
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('an input that was put there by hand is sent only with leave', () =>
    withScene({}, async (scene) => {
      putInput(scene, '7', idsUpTo(2))
      expect(outcomes(await scene.run())).toEqual(['not-submitted'])
      expect(callsOf(scene)).toEqual([])
      expect(outcomes(await scene.run({ shouldSubmit: true }))).toEqual(['pending'])
      expect(outcomes(await scene.watch())).toEqual(['done'])
      await expectSettled(scene, '7', idsUpTo(2))
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('submit sends the files it was given and no other input that lies about', () =>
    withScene({}, async (scene) => {
      putInput(scene, '7', ['by-hand'])
      await scene.submit(scene.requests(2))
      expect(scene.server.batches()).toHaveLength(1)
      expect(outcomes(await scene.run()).toSorted()).toEqual(['not-submitted', 'pending'])
    }))

  test('a file with two models becomes two batches, and calling again makes no third', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(0)
      const lines = [requestLine('a'), requestLine('b', 'gpt-4o'), requestLine('c')]
      writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
      const submitted = await scene.submit(path)
      expect(submitted.prepared.map(({ requests }) => requests)).toEqual([2, 1])
      await scene.submit(path)
      expect(outcomes(await scene.watch())).toEqual(['done', 'done'])
      expect(scene.server.batches()).toHaveLength(2)
    }))

  test('a file with a bad line is refused with the line, before anything is written or sent', () =>
    withScene({}, async (scene) => {
      const good = scene.requests(2, 'good.jsonl')
      const bad = scene.requests(['a', 'a'], 'bad.jsonl')
      const error = await rejection(scene.submit([good, bad]))
      expect(error.code).toBe('RequestsFileInvalid')
      expect(error.message).toContain('bad.jsonl:2')
      expect(error.message).toContain('duplicate_custom_id')
      expect(callsOf(scene)).toEqual([])
      expect(namesIn(scene, 'workdir')).toEqual([])
    }))
})

/** What may go wrong with one call, and whether the server did it all the same. */
const trouble: readonly (readonly [string, (on: Fault['on']) => Fault])[] = [
  ['connection reset before the server did anything', (on) => faults.connectionReset(on)],
  ['connection reset after the server did it', (on) => faults.answerLost(on)],
  ['500 before', (on) => faults.serverError(on)],
  ['503 before', (on) => faults.serverError(on, { status: 503 })],
  ['408 before', (on) => faults.serverError(on, { status: 408 })],
  ['500 after', (on) => executed(faults.serverError(on))],
  ['408 after', (on) => executed(faults.serverError(on, { status: 408 }))],
  ['no answer, done', (on) => ({ on, effect: { type: 'silence', isExecuted: true } })],
  ['no answer, not done', (on) => ({ on, effect: { type: 'silence' } })],
  ['a page of HTML instead', (on) => faults.htmlPage(on)],
  ['a page of HTML after it was done', (on) => executed(faults.htmlPage(on))],
  ['an answer that breaks off', (on) => ({ on, effect: { type: 'body', ending: 'cut', share: 0.5 } })],
  [
    'an answer that is cut silently',
    (on) => ({ on, effect: { type: 'body', ending: 'clean-end', share: 0.5 } }),
  ],
  ['an answer that stalls', (on) => ({ on, effect: { type: 'body', ending: 'stall', share: 0.5 } })],
  ['429 with Retry-After', (on) => faults.rateLimited(on, { retryAfterSeconds: 90 })],
]

const executed = (fault: Fault): Fault =>
  fault.effect.type === 'answer' ? { ...fault, effect: { ...fault.effect, isExecuted: true } } : fault

const operations = ['files.create', 'batches.create', 'batches.retrieve'] as const

describe.each(operations)('trouble at %s', (operation) => {
  test.each(trouble)('%s: one batch, every request answered once', (_, faultOn) =>
    withScene(slow, async (scene) => {
      const fault = scene.server.script(faultOn(operation))
      const submitted = await scene.submit(scene.requests(3))
      const report = await scene.watch()
      expect(fault.hits()).toBe(1)
      expect(outcomes(report)).toEqual(['done'])
      expect(scene.server.batches()).toHaveLength(1)
      expect(answeredTwice(scene)).toEqual([])
      await expectSettled(scene, indexOf(submitted), idsUpTo(3))
    }),
  )
})

describe('trouble while an earlier batch is searched for', () => {
  test.each(trouble)('%s: the batch is found and adopted', (_, faultOn) =>
    withScene(slow, async (scene) => {
      scene.server.script(faults.createAnswerLost())
      // The first look is that for batches from elsewhere.
      const fault = scene.server.script({ ...faultOn('batches.list'), skip: 1 })
      const submitted = await scene.submit(scene.requests(3))
      const report = await scene.watch()
      expect(fault.hits()).toBe(1)
      expect(outcomes(report)).toEqual(['done'])
      expect(scene.server.batches()).toHaveLength(1)
      await expectSettled(scene, indexOf(submitted), idsUpTo(3))
    }),
  )
})

describe('a creation whose answer is lost', () => {
  test('is found again by its upload and adopted, and that is said', () =>
    withScene(slow, async (scene) => {
      scene.server.script(faults.createAnswerLost())
      const submitted = await scene.submit(scene.requests(3))
      const [batch] = scene.server.batches()
      expect((await metadataOf(scene, indexOf(submitted))).batch_id).toBe(batch?.id)
      expect(warningsOf(scene)).toEqual([
        expect.stringContaining(`${batch?.id} was found at the server and adopted`),
      ])
      expect(countOf(scene, 'batches.create')).toBe(1)
      expect(countOf(scene, 'files.create')).toBe(1)
    }))

  test('is searched for until the list shows it, when the list lags', () =>
    withScene(slow, async (scene) => {
      scene.server.script(faults.createAnswerLost())
      scene.server.script(faults.listLags({ ms: 100_000 }))
      await scene.submit(scene.requests(3))
      expect(scene.server.batches()).toHaveLength(1)
      expect(countOf(scene, 'batches.create')).toBe(1)
      expect(countOf(scene, 'batches.list')).toBeGreaterThan(1)
      expect(outcomes(await scene.watch())).toEqual(['done'])
    }))

  test('that was never carried out is repeated only after the settle window, from the same upload', () =>
    withScene(slow, async (scene) => {
      scene.server.script(faults.connectionReset('batches.create'))
      await scene.submit(scene.requests(3))
      const [first, second] = scene.server.requests('batches.create')
      expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(2 * minuteMs)
      expect(countOf(scene, 'files.create')).toBe(1)
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('that is carried out only after we gave up is not repeated', () =>
    withScene(slow, async (scene) => {
      const { clock, held, server } = scene
      const until = new Promise<void>((resolve) => void clock.setTimeout(resolve, 170_000))
      server.script({
        on: 'batches.create',
        when: ({ number }) => held.add(number).has(number),
        effect: { type: 'hold', stage: 'before', until },
      })
      const submitted = await scene.submit(scene.requests(3))
      expect(outcomes(await scene.watch())).toEqual(['done'])
      expect(server.batches()).toHaveLength(1)
      await expectSettled(scene, indexOf(submitted), idsUpTo(3))
    }))

  test('is not repeated while the list cannot be read, however often it is tried', () =>
    withScene(slow, async (scene) => {
      scene.server.script(faults.createAnswerLost())
      const list = scene.server.script(faults.serverError('batches.list', { times: Infinity }))
      const path = scene.requests(3)
      for (let call = 0; call < 3; call += 1) await scene.submit(path)
      expect(countOf(scene, 'batches.create')).toBe(1)
      list.stop()
      await scene.submit(path)
      expect(outcomes(await scene.watch())).toEqual(['done'])
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('among hundreds of other batches is found on a later page', () =>
    withScene(slow, async (scene) => {
      scene.server.script(faults.createAnswerLost())
      scene.server.script({
        on: 'batches.list',
        effect: { type: 'answer', status: 500, body: {} },
        times: Infinity,
        when: () => scene.server.batches().length < 251,
      })
      const path = scene.requests(3)
      await scene.submit(path)
      await addForeignBatches(scene, 250)
      await scene.submit(path)
      expect(scene.server.batches()).toHaveLength(251)
      expect(outcomes(await scene.watch())).toEqual(['done'])
    }))
})

async function addForeignBatches({ client }: Scene, count: number): Promise<void> {
  const text = `${requestLine('foreign')}\n`
  const file = await client.files.create({ file: new File([text], 'foreign.jsonl'), purpose: 'batch' })
  for (let made = 0; made < count; made += 1) {
    await client.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    })
  }
}

const refusal = (status: number, code: string): Fault => ({
  on: 'batches.create',
  effect: {
    type: 'answer',
    status,
    body: { error: { message: `No: ${code}.`, type: 'invalid_request_error', code } },
  },
})

describe('a refusal in so many words', () => {
  test.each([
    [400, 'invalid_endpoint', 'RequestRefused'],
    [404, 'file_not_found', 'RequestRefused'],
    [401, 'invalid_api_key', 'AccessDenied'],
    [403, 'forbidden', 'AccessDenied'],
  ])('%i %s needs a person, is not searched for, and can simply be sent again', (status, code, expected) =>
    withScene({}, async (scene) => {
      scene.server.script(refusal(status, code))
      const path = scene.requests(3)
      const refused = await scene.submit(path)
      expect(outcomes(refused)).toEqual([`needs-attention ${expected}`])
      expect(refused.triples[0]?.problem?.message).toContain(`No: ${code}.`)
      expect(countOf(scene, 'batches.create')).toBe(1)
      expect(outcomes(await scene.submit(path))).toEqual(['pending'])
      expect(countOf(scene, 'batches.list')).toBe(1)
      expect(countOf(scene, 'files.create')).toBe(1)
      expect(scene.server.batches()).toHaveLength(1)
    }),
  )

  test('429 waits as long as the server asks, then sends once', () =>
    withScene({}, async (scene) => {
      scene.server.script(faults.rateLimited('batches.create', { times: 2, retryAfterSeconds: 300 }))
      expect(outcomes(await scene.submit(scene.requests(3)))).toEqual(['pending'])
      const times = scene.server.requests('batches.create').map(({ atMs }) => atMs)
      expect(times).toHaveLength(3)
      expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(300_000)
      expect((times[2] ?? 0) - (times[1] ?? 0)).toBeGreaterThanOrEqual(300_000)
      expect(countOf(scene, 'batches.list')).toBe(1)
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('a server that spares itself is not asked by the other triples in the meantime', () =>
    withScene({}, async (scene) => {
      scene.server.script(faults.rateLimited('files.create', { retryAfterSeconds: 300 }))
      const paths = ['a', 'b', 'c', 'd', 'e'].map((id) => scene.requests([id], `${id}.jsonl`))
      await scene.submit(paths, { concurrency: 1 })
      expect(countOf(scene, 'files.create')).toBe(6)
      expect(scene.server.batches()).toHaveLength(5)
    }))
})

describe('an account without credit', () => {
  test('ends the submissions of the whole workspace, says so, and later inputs are not sent', () =>
    withScene({}, async (scene) => {
      scene.server.script(faults.quotaExhausted('batches.create', { times: Infinity, skip: 1 }))
      const paths = ['a', 'b', 'c', 'd', 'e'].map((id) => scene.requests([id], `${id}.jsonl`))
      const report = await scene.submit(paths, { concurrency: 1 })
      expect(outcomes(report).toSorted()).toEqual([
        'needs-attention QuotaExhausted',
        'needs-attention QuotaExhausted',
        'needs-attention QuotaExhausted',
        'needs-attention QuotaExhausted',
        'pending',
      ])
      expect(countOf(scene, 'batches.create')).toBe(2)
      expect(countOf(scene, 'files.create')).toBe(2)
      expect(report.triples.at(-1)?.problem?.hint).toMatch(/credit/)
    }))

  test('is looked at anew by the next run, which sends the rest once', () =>
    withScene({}, async (scene) => {
      const quota = scene.server.script(faults.quotaExhausted('batches.create', { times: Infinity }))
      const paths = ['a', 'b', 'c'].map((id) => scene.requests([id], `${id}.jsonl`))
      await scene.submit(paths)
      quota.stop()
      await scene.submit(paths)
      expect(outcomes(await scene.watch())).toEqual(['done', 'done', 'done'])
      expect(scene.server.batches()).toHaveLength(3)
      expect(answeredTwice(scene)).toEqual([])
    }))

  test('does not keep batches that run already from being downloaded', () =>
    withScene({}, async (scene) => {
      const first = await scene.submit(scene.requests(['a'], 'a.jsonl'))
      scene.server.script(faults.quotaExhausted('batches.create', { times: Infinity }))
      await scene.submit(scene.requests(['b'], 'b.jsonl'))
      const report = await scene.watch()
      expect(reportOf(report, indexOf(first)).outcome.type).toBe('done')
    }))
})

/** A creation whose answer was lost, and the same creation again by somebody else. */
async function duplicated(scene: Scene, changeFirst: (batchId: string) => Promise<unknown> = async () => {}) {
  scene.server.script(faults.createAnswerLost())
  const list = scene.server.script(faults.serverError('batches.list', { times: Infinity }))
  const path = scene.requests(3)
  await scene.submit(path)
  list.stop()
  const [first] = scene.server.batches()
  const second = await scene.client.batches.create({
    input_file_id: first?.input_file_id ?? '',
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })
  await changeFirst(first?.id ?? '')
  return { path, firstId: first?.id ?? '', secondId: second.id }
}

describe('two batches of one upload', () => {
  test('the one that got furthest is adopted, the other is named and left alone', () =>
    withScene(slow, async (scene) => {
      const { path, firstId, secondId } = await duplicated(scene, (id) => scene.client.batches.cancel(id))
      const submitted = await scene.submit(path)
      expect((await metadataOf(scene, indexOf(submitted))).batch_id).toBe(secondId)
      expect(warningsOf(scene).at(-1)).toMatch(
        new RegExp(`${secondId} was adopted; 1 more.*${firstId}.*cancelDuplicates`),
      )
      expect(countOf(scene, 'batches.cancel')).toBe(1)
    }))

  test('the other is cancelled when that is allowed', () =>
    withScene(slow, async (scene) => {
      const { path, firstId, secondId } = await duplicated(scene)
      const submitted = await scene.submit(path, { cancelDuplicates: true })
      const adopted = (await metadataOf(scene, indexOf(submitted))).batch_id
      const other = adopted === firstId ? secondId : firstId
      expect(scene.server.requests('batches.cancel').map(({ id }) => id)).toEqual([other])
      const report = await scene.watch()
      expect(outcomes(report)).toEqual(['done'])
      expect(answeredTwice(scene)).toEqual([])
    }))

  test('one that has ended is adopted and never cancelled', () =>
    withScene({}, async (scene) => {
      const { path } = await duplicated(scene)
      scene.server.finishBatches()
      await scene.submit(path, { cancelDuplicates: true })
      expect(countOf(scene, 'batches.cancel')).toBe(0)
      expect(outcomes(await scene.watch())).toEqual([])
      expect(namesIn(scene, 'done')).toHaveLength(3)
    }))
})
