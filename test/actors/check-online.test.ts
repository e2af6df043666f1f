import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { checkOnline } from '../../src/actors/check-online.js'
import { reconciliationError } from '../../src/errors.js'
import type { RemoteBatch } from '../../src/providers/batch-provider.js'
import { faults } from '../../src/testing/index.js'
import {
  callsOf,
  inputOf,
  metadataOf,
  metadataText,
  namesGiven,
  recordingProvider,
  rejection,
  remoteBatch,
  startAtMs,
  stepScene,
  submitted,
  warningsOf,
  type StepScene,
} from './support.js'

const metadataPath = 'workdir/batch_metadata_1.jsonl'

/** A triple whose batch is this, with the fields in its metadata beside `batch_1`. */
async function asked(batch: RemoteBatch | null, fields: Readonly<Record<string, unknown>> = {}) {
  const provider = recordingProvider({ status: (ids) => Promise.resolve(new Map([[ids[0] ?? '', batch]])) })
  const scene = await stepScene(
    { ...inputOf(2), [metadataPath]: metadataText(fields) },
    { dependencies: { provider } },
  )
  return { scene, provider, verdict: await scene.take(checkOnline) }
}

test.each([{ provider: null }, { batchId: null }, { metadata: null }])(
  'nobody is asked without %j',
  async (lack) => {
    const provider = recordingProvider({})
    const scene = await stepScene({ ...inputOf(2), [metadataPath]: metadataText({}) })
    const dependencies = scene.anew({ provider: 'provider' in lack ? null : provider })
    const facts = 'provider' in lack ? {} : lack
    expect(await scene.take(checkOnline, { dependencies, facts })).toEqual({ type: 'offline' })
    expect(provider.calls).toEqual([])
  },
)

test('what the server says is noted, and what it means is the verdict', async () => {
  const scene = await stepScene(inputOf(3))
  await submitted(scene)
  expect(await scene.take(checkOnline)).toMatchObject({ type: 'still-processing' })
  scene.server.finishBatches()
  expect(await scene.take(checkOnline)).toEqual({ type: 'files-ready', remoteStatus: 'completed' })
  const [batch] = scene.server.batches()
  expect(await metadataOf(scene)).toMatchObject({
    batch_id: batch?.id,
    remote_status: 'completed',
    output_file_id: batch?.output_file_id,
    error_file_id: null,
    request_counts: { total: 3, completed: 3, failed: 0 },
    last_polled_at_ms: startAtMs,
    submitted_at_ms: (batch?.created_at ?? 0) * 1000,
    expires_at_ms: (batch?.expires_at ?? 0) * 1000,
  })
  expect(callsOf(scene).filter((name) => name === 'batches.create')).toHaveLength(1)
})

test('when the batch was made and is due is noted, and a server that says it no more changes nothing', async () => {
  const times = { submitted_at_ms: 5_000, expires_at_ms: 9_000 }
  const { scene } = await asked(remoteBatch({ createdAtMs: 5_000, expiresAtMs: 9_000 }))
  expect(await metadataOf(scene)).toMatchObject(times)
  const silent = await asked(remoteBatch({ createdAtMs: null, expiresAtMs: null }), times)
  expect(await metadataOf(silent.scene)).toMatchObject(times)
})

test('how many are answered is part of the verdict while the server works', async () => {
  const requestCounts = { total: 2, completed: 1, failed: 0 }
  const { verdict } = await asked(remoteBatch({ status: 'in_progress', requestCounts }))
  expect(verdict).toEqual({ type: 'still-processing', remoteStatus: 'in_progress', requestCounts })
})

test('nothing is written while the server says the same', async () => {
  const { scene } = await asked(remoteBatch({ requestCounts: { total: 2, completed: 1, failed: 0 } }))
  const written = namesGiven(scene)
  expect(written).toContain(metadataPath)
  await scene.take(checkOnline)
  expect(namesGiven(scene)).toEqual(written)
})

describe('how long the server has been saying the same', () => {
  const ended = remoteBatch({ status: 'expired', requestCounts: { total: 2, completed: 1, failed: 0 } })
  const said = {
    remote_status: 'expired',
    output_file_id: null,
    error_file_id: null,
    request_counts: { total: 2, completed: 1, failed: 0 },
  }

  test('decides what is still to come', async () => {
    const recent = await asked(ended, { ...said, last_polled_at_ms: startAtMs - 599_999 })
    expect(recent.verdict).toEqual({ type: 'not-published', remoteStatus: 'expired', mayStillCome: true })
    const old = await asked(ended, { ...said, last_polled_at_ms: startAtMs - 600_000 })
    expect(old.verdict).toMatchObject({ type: 'not-published', mayStillCome: false })
    expect((await metadataOf(old.scene)).last_polled_at_ms).toBe(startAtMs - 600_000)
  })

  test.each([
    { remote_status: 'cancelled' },
    { output_file_id: 'file-o' },
    { error_file_id: 'file-e' },
    { request_counts: null },
  ])('begins anew when it says something else than %j', async (before) => {
    const { verdict, scene } = await asked(ended, {
      ...said,
      ...before,
      last_polled_at_ms: startAtMs - 9_000_000,
    })
    expect(verdict).toMatchObject({ mayStillCome: true })
    expect((await metadataOf(scene)).last_polled_at_ms).toBe(startAtMs)
  })
})

test('a batch the server did not come to is still processing', async () => {
  const provider = recordingProvider({ status: () => Promise.resolve(new Map()) })
  const scene = await stepScene(
    { ...inputOf(2), [metadataPath]: metadataText({}) },
    { dependencies: { provider } },
  )
  expect(await scene.take(checkOnline)).toMatchObject({ type: 'still-processing' })
})

test('a status nobody knows is said, and waited for', async () => {
  const { verdict, scene } = await asked(remoteBatch({ status: 'pondering' }))
  expect(verdict).toEqual({ type: 'still-processing', remoteStatus: 'pondering' })
  expect(warningsOf(scene)).toEqual([expect.stringContaining('"pondering"')])
})

test('a batch that the server had no room for is forgotten, and its refusal is counted', async () => {
  const errors = [{ code: 'token_limit_exceeded', message: 'Enqueued token limit.', line: null, param: null }]
  const { verdict, scene } = await asked(remoteBatch({ status: 'failed', errors }), {
    submission: { intent_key: 'k', intended_at_ms: 1, input_file_id: 'file-1', asked_at_ms: 2 },
  })
  expect(verdict).toMatchObject({ type: 'no-room', refusal: { refusals: 1, othersUnderWay: 0 } })
  expect(await metadataOf(scene)).toMatchObject({
    batch_id: null,
    last_refused_batch_id: 'batch_1',
    submission: { asked_at_ms: null, refused_batch_ids: ['batch_1'] },
    room: { refusals: 1 },
  })
})

const answeredAt = async (scene: StepScene) => (await metadataOf(scene)).cancel?.answered_at_ms ?? null

describe('a batch that somebody wants to stop', () => {
  const wanted = { cancel: { intended_at_ms: 5 } }

  async function cancelling(
    batch: RemoteBatch,
    cancel: () => Promise<RemoteBatch>,
    fields: Readonly<Record<string, unknown>> = wanted,
  ) {
    const provider = recordingProvider({
      status: () => Promise.resolve(new Map([['batch_1', batch]])),
      cancel,
    })
    const scene = await stepScene(
      { ...inputOf(2), [metadataPath]: metadataText(fields) },
      { dependencies: { provider } },
    )
    return { scene, provider }
  }

  test('is cancelled at the server, and its answer is what is noted', async () => {
    const scene = await stepScene(inputOf(2))
    const batchId = await submitted(scene)
    scene.server.advance(3_000)
    scene.put({ [metadataPath]: JSON.stringify({ ...(await metadataOf(scene)), ...wanted }) })
    expect(await scene.take(checkOnline)).toMatchObject({
      type: 'still-processing',
      remoteStatus: 'cancelling',
    })
    expect(scene.server.batches()).toMatchObject([{ id: batchId, status: 'cancelling' }])
    expect(await metadataOf(scene)).toMatchObject({
      remote_status: 'cancelling',
      cancel: { intended_at_ms: 5, answered_at_ms: startAtMs },
    })
    await scene.take(checkOnline)
    expect(callsOf(scene).filter((name) => name === 'batches.cancel')).toHaveLength(1)
  })

  test('is not cancelled when nobody wants it', async () => {
    const { scene, provider } = await cancelling(remoteBatch(), () => Promise.reject(new Error('no')), {})
    await scene.take(checkOnline)
    expect(provider.calls).toEqual(['status batch_1'])
  })

  test.each(['completed', 'cancelling', 'cancelled', 'expired'])(
    'is not cancelled again when it is %s, and that is an answer',
    async (status) => {
      const { scene, provider } = await cancelling(remoteBatch({ status }), () =>
        Promise.reject(new Error('no')),
      )
      await scene.take(checkOnline)
      expect(provider.calls).toEqual(['status batch_1'])
      expect(await answeredAt(scene)).toBe(startAtMs)
    },
  )

  test('runs on where the server cancels nothing, and people are told', async () => {
    const refused = reconciliationError({ code: 'RequestRefused', message: 'No such call.' })
    const { scene } = await cancelling(remoteBatch(), () => Promise.reject(refused))
    expect(await scene.take(checkOnline)).toMatchObject({ type: 'still-processing' })
    expect(warningsOf(scene)).toEqual([expect.stringContaining('could not be cancelled')])
    expect(await answeredAt(scene)).toBe(null)
  })

  test.each([
    reconciliationError({ code: 'NetworkError', message: 'x', isPassing: true }),
    reconciliationError({ code: 'Interrupted', message: 'x' }),
    new Error('a fault of ours'),
  ])('is tried again after what passes: %s', async (fault) => {
    const { scene } = await cancelling(remoteBatch(), () => Promise.reject(fault))
    await expect(scene.take(checkOnline)).rejects.toBe(fault)
    expect(warningsOf(scene)).toEqual([])
  })
})

test('a server that cannot be asked leaves everything as it was', async () => {
  const scene = await stepScene(inputOf(2))
  await submitted(scene)
  const before = await metadataOf(scene)
  scene.server.script(faults.serverError(['batches.retrieve', 'batches.list'], { times: Infinity }))
  expect((await rejection(scene.take(checkOnline))).problem.isPassing).toBe(true)
  expect(await metadataOf(scene)).toEqual(before)
})

/** What is said of `batch_1`; `undefined` when it was not asked for this time. */
const answers = (batch: RemoteBatch | null | undefined) =>
  new Map<string, RemoteBatch | null>(batch === undefined ? [] : [['batch_1', batch]])

/** A triple whose metadata name `batch_1` since it was looked at, when they named another; what is asked after both. */
const lookedAtPutRight = async (batch: RemoteBatch | null | undefined) => {
  const provider = recordingProvider({
    status: ([id]) => Promise.resolve(id === 'batch_1' ? answers(batch) : new Map([['batch_old', null]])),
    find: () => Promise.resolve({ batches: [], serverNowMs: null }),
  })
  const scene = await stepScene(
    {
      ...inputOf(2),
      [metadataPath]: metadataText({
        submission: { intent_key: 'key-1', intended_at_ms: 1, input_file_id: 'file-1' },
      }),
    },
    { dependencies: { provider } },
  )
  const verdict = await scene
    .take(checkOnline, { facts: { batchId: 'batch_old' } })
    .catch((error: unknown) => error)
  expect(provider.calls.slice(0, 2)).toEqual(['status batch_old', 'status batch_1'])
  return { verdict, calls: provider.calls.slice(2) }
}

/** What becomes of a batch that a server does not know, with these fields in its metadata. */
const withAccount = async (account: string | undefined, fields: Readonly<Record<string, unknown>>) => {
  const provider = {
    ...recordingProvider({
      status: (ids) => Promise.resolve(new Map([[ids[0] ?? '', null]])),
      find: () => Promise.resolve({ batches: [], serverNowMs: null }),
    }),
    ...(account !== undefined && { account }),
  }
  const noted = { remote_status: 'in_progress', ...fields }
  const scene = await stepScene(
    { ...inputOf(2), [metadataPath]: metadataText(noted) },
    { dependencies: { provider } },
  )
  try {
    return await scene.take(checkOnline)
  } finally {
    expect(await metadataOf(scene), 'what is noted stays').toMatchObject({
      batch_id: 'batch_1',
      remote_status: 'in_progress',
    })
  }
}

describe('a batch the server does not know', () => {
  const made = { account: 'api.example.org#11111111' }
  test('and that another account had is not gone: both accounts are named', async () => {
    const { problem } = await rejection(withAccount('api.example.org#22222222', made))
    expect(problem).toMatchObject({ code: 'AccessDenied', needsPerson: true })
    expect(problem.message).toBe(
      'api.example.org#22222222 does not know batch batch_1 of triple 1; it was last seen with api.example.org#11111111.',
    )
    expect(problem.hint).toContain('OPENAI_PROJECT_ID')
  })

  const submission = { intent_key: 'key-1', intended_at_ms: 1, input_file_id: 'file-1' }

  test('is gone where the same account had it, and shows no batch of its upload', async () => {
    expect(await withAccount('api.example.org#11111111', { ...made, submission })).toMatchObject({
      type: 'ended-badly',
      problem: { code: 'BatchFilesGone', needsPerson: true },
    })
  })

  test.each([
    ['nobody noted an account', 'api.example.org#11111111', { submission }, /the account that made it/],
    ['the provider names none', undefined, { ...made, submission }, /the account that made it/],
    [
      'nobody noted an upload',
      'api.example.org#11111111',
      { ...made, input_file_id: '' },
      /from which upload/,
    ],
  ])('is not shown to be gone where %s', async (_, account, fields, why) => {
    const { problem } = await rejection(withAccount(account, fields))
    expect(problem).toMatchObject({ code: 'BatchUnknown', needsPerson: true })
    expect(problem.message).toMatch(why)
  })

  test('by an id that somebody edited is found by its upload, and taken up', async () => {
    const scene = await stepScene(inputOf(3))
    await submitted(scene)
    const right = await metadataOf(scene)
    scene.put({ [metadataPath]: JSON.stringify({ ...right, batch_id: 'batch_typo' }) })
    expect(await scene.take(checkOnline)).toMatchObject({ type: 'still-processing' })
    expect((await metadataOf(scene)).batch_id).toBe(right.batch_id)
    expect(warningsOf(scene)[0]).toContain('batch_typo')
    expect(callsOf(scene).filter((name) => name === 'batches.create')).toHaveLength(1)
  })

  test('by the id of another submission is not fetched: its answers have other requests', async () => {
    const scene = await stepScene(inputOf(3))
    await submitted(scene)
    const right = await metadataOf(scene)
    const client = new OpenAI({
      apiKey: 'test-key',
      baseURL: 'http://fake.test/v1',
      fetch: scene.server.fetch,
    })
    const other = await client.batches.create({
      completion_window: '24h',
      endpoint: '/v1/chat/completions',
      input_file_id: right.input_file_id ?? '',
      metadata: { intent_key: 'of another' },
    })
    scene.server.finishBatches()
    const upload = { ...right.submission, input_file_id: 'file-of-ours' }
    scene.put({ [metadataPath]: JSON.stringify({ ...right, batch_id: other.id, submission: upload }) })
    expect(await scene.take(checkOnline)).toMatchObject({ type: 'files-ready' })
    expect((await metadataOf(scene)).batch_id).toBe(right.batch_id)
    const unknown = { ...upload, intent_key: 'nobody has it' }
    scene.put({ [metadataPath]: JSON.stringify({ ...right, batch_id: other.id, submission: unknown }) })
    expect((await rejection(scene.take(checkOnline))).code).toBe('BatchUnknown')
  })

  test('by an id that was put right since is asked for by the new one, and judged by what is said of that', async () => {
    expect(await lookedAtPutRight(remoteBatch())).toMatchObject({
      verdict: { type: 'still-processing' },
      calls: [],
    })
    expect(await lookedAtPutRight(undefined), 'not asked this time').toMatchObject({
      verdict: { type: 'still-processing' },
      calls: [],
    })
    expect(await lookedAtPutRight(null), 'nobody knows whose account it is').toMatchObject({
      verdict: { code: 'BatchUnknown', message: expect.stringContaining('batch_1') as string },
      calls: ['find file-1'],
    })
  })

  test('and that gives back neither upload nor key is fetched without a look at its list', async () => {
    const ended = remoteBatch({ status: 'completed', inputFileId: null, outputFileId: 'file-o' })
    const { verdict, provider } = await asked(ended, { submission })
    expect(verdict).toMatchObject({ type: 'files-ready' })
    expect(provider.calls).toEqual(['status batch_1'])
  })

  test('by a new key of the same account is known, and that is the account from then on', async () => {
    const scene = await stepScene(inputOf(3))
    await submitted(scene)
    scene.put({ [metadataPath]: JSON.stringify({ ...(await metadataOf(scene)), account: 'old#1' }) })
    await scene.take(checkOnline)
    expect((await metadataOf(scene)).account).toMatch(/#[0-9a-f]{8}$/)
  })
})
