import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { submissionGate } from '../../src/actors/submission-gate.js'
import { submitBatch } from '../../src/actors/submit-batch.js'
import { faults } from '../../src/testing/index.js'
import { systemError } from '../fakes/fault-file-system.js'
import { sha256 } from '../engine/workspaces.js'
import {
  callsOf,
  idsUpTo,
  inputOf,
  jsonl,
  metadataOf,
  metadataText,
  namesGiven,
  namesIn,
  noteMetadata,
  recordingProvider,
  rejection,
  remoteBatch,
  requestLine,
  startAtMs,
  stepScene,
  submitted,
  textOf,
} from './support.js'

const metadataPath = 'workdir/batch_metadata_1.jsonl'
const inputText = (requests: number): string => inputOf(requests)['workdir/batch_input_1.jsonl'] ?? ''
const never = { intent_key: 'k-1', intended_at_ms: 1 }

describe('a batch that is known', () => {
  test.each([
    {},
    { submission: { ...never, input_file_id: 'file-1', asked_at_ms: 5 } },
    { cancel: { intended_at_ms: 1 } },
  ])('is not made again, and the server is not even asked: metadata with %j', async (fields) => {
    const metadata = metadataText({ batch_id: 'batch_7', ...fields })
    const scene = await stepScene({ ...inputOf(2), [metadataPath]: metadata })
    expect(await scene.take(submitBatch)).toEqual({ type: 'submitted', batchId: 'batch_7' })
    expect(callsOf(scene)).toEqual([])
    expect(scene.server.batches()).toEqual([])
    expect(textOf(scene, metadataPath)).toBe(metadata)
  })

  test('is known also to a survey that is older than the metadata', async () => {
    const scene = await stepScene(inputOf(2))
    const batchId = await submitted(scene)
    const stale = { metadata: null, batchId: null, submission: 'none' } as const
    expect(await scene.take(submitBatch, { facts: stale })).toEqual({ type: 'submitted', batchId })
    expect(scene.server.batches()).toHaveLength(1)
  })
})

test.each([{ provider: null }, { input: null }])('nothing is sent without %j', async (lack) => {
  const scene = await stepScene(inputOf(2))
  const dependencies = 'provider' in lack ? scene.anew(lack) : scene.dependencies
  const facts = 'input' in lack ? lack : {}
  expect(await scene.take(submitBatch, { dependencies, facts })).toEqual({ type: 'offline' })
  expect(callsOf(scene)).toEqual([])
  expect(namesIn(scene, 'workdir')).toEqual(['batch_input_1.jsonl'])
})

/** Whether the server has a batch of the same bytes already: somebody put the input there. */
const lookAtServer = ['files.list', 'batches.list']

test('the input is uploaded and asked for once, and the metadata has what is known of it', async () => {
  const scene = await stepScene(inputOf(3))
  const batchId = await submitted(scene)
  expect(callsOf(scene)).toEqual([...lookAtServer, 'files.create', 'batches.create'])
  const [batch] = scene.server.batches()
  const metadata = await metadataOf(scene)
  expect(batch).toMatchObject({
    id: batchId,
    endpoint: '/v1/chat/completions',
    input_file_id: metadata.input_file_id,
    metadata: {
      tool: 'batch-reconciler',
      index: '1',
      root_index: '1',
      attempt: '1',
      intent_key: metadata.submission?.intent_key,
    },
  })
  const input = textOf(scene, 'workdir/batch_input_1.jsonl') ?? ''
  expect(metadata).toMatchObject({
    batch_id: batchId,
    remote_status: 'validating',
    provider: 'openai-compatible',
    endpoint: '/v1/chat/completions',
    model: 'gpt-4o-mini',
    request_count: 3,
    attempt: 1,
    root_index: '1',
    input_sha256: sha256(input),
    submission: { input_sha256: sha256(input), input_file_id: batch?.input_file_id },
  })
  expect(Buffer.from(scene.server.fileBytes(batch?.input_file_id ?? '') ?? []).toString()).toBe(input)
})

test('each fact is durable before the next act', async () => {
  const seen: unknown[] = []
  const scene = await stepScene(inputOf(2))
  const note = async (at: string): Promise<void> => {
    const { submission, batch_id: known } = await metadataOf(scene)
    seen.push([at, submission?.input_file_id ?? null, submission?.asked_at_ms ?? null, known])
  }
  const provider = recordingProvider({
    submit: async ({ onUploaded }) => {
      await note('before the upload')
      await onUploaded('file-9', startAtMs + 5)
      await note('before the creation')
      return remoteBatch({ batchId: 'batch_9', inputFileId: 'file-9' })
    },
  })
  await scene.take(submitBatch, { dependencies: scene.anew({ provider }) })
  await note('afterwards')
  expect(seen).toEqual([
    ['before the upload', null, null, null],
    ['before the creation', 'file-9', startAtMs, null],
    ['afterwards', 'file-9', startAtMs, 'batch_9'],
  ])
  expect(namesGiven(scene)).toEqual(['logs/batch_requests_1.bin', metadataPath, metadataPath, metadataPath])
})

test('labels of a retry name its root and its attempt', async () => {
  const scene = await stepScene({
    ...inputOf(2),
    [metadataPath]: metadataText({
      batch_id: '',
      input_file_id: '',
      attempt: 2,
      parent_index: '5',
      root_index: '4',
      content_type: 'json',
    }),
  })
  await submitted(scene)
  expect(scene.server.batches()[0]?.metadata).toMatchObject({ index: '1', root_index: '4', attempt: '2' })
  expect(await metadataOf(scene)).toMatchObject({
    attempt: 2,
    parent_index: '5',
    root_index: '4',
    content_type: 'json',
  })
})

describe('a creation without an answer', () => {
  test('is never repeated before the list has been without it for the settle window', async () => {
    const scene = await stepScene(inputOf(2))
    scene.server.script(faults.connectionReset('batches.create'))
    expect(await rejection(scene.take(submitBatch))).toMatchObject({ code: 'SubmissionAmbiguous' })
    const { submission } = await metadataOf(scene)
    expect(submission).toMatchObject({ asked_at_ms: startAtMs, missing_since_server_ms: null })
    expect(submission?.input_file_id).toMatch(/^file-/)
    expect(await rejection(scene.take(submitBatch))).toMatchObject({ code: 'SubmissionAmbiguous' })
    expect(scene.server.batches()).toEqual([])
    expect(callsOf(scene).filter((name) => name === 'batches.create')).toHaveLength(1)
  })

  test('whose batch was made is found by the next try, and nothing is made or uploaded again', async () => {
    const scene = await stepScene(inputOf(2))
    scene.server.script(faults.createAnswerLost())
    await rejection(scene.take(submitBatch))
    const batchId = await submitted(scene)
    expect(scene.server.batches().map(({ id }) => id)).toEqual([batchId])
    expect(callsOf(scene)).toEqual([...lookAtServer, 'files.create', 'batches.create', 'batches.list'])
    expect((await metadataOf(scene)).batch_id).toBe(batchId)
  })

  test('is not repeated for a triple that somebody cancelled: it is given up once it is surely not there', async () => {
    const scene = await stepScene({
      ...inputOf(2),
      [metadataPath]: metadataText({ batch_id: '', submission: never, cancel: { intended_at_ms: 1 } }),
    })
    expect(await scene.take(submitBatch)).toEqual({ type: 'given-up' })
    expect(callsOf(scene)).toEqual([])
    expect(await metadataOf(scene)).toMatchObject({
      submission: null,
      cancel: { intended_at_ms: 1, answered_at_ms: startAtMs },
    })
  })
})

describe('a creation that was refused', () => {
  test('leaves no doubt: the next try takes the upload that stands there, without a search', async () => {
    const scene = await stepScene(inputOf(2))
    scene.server.script(faults.serverError('batches.create', { status: 400 }))
    expect(await rejection(scene.take(submitBatch))).toMatchObject({ code: 'RequestRefused' })
    expect((await metadataOf(scene)).submission).toMatchObject({ asked_at_ms: null })
    await submitted(scene)
    expect(callsOf(scene)).toEqual([...lookAtServer, 'files.create', 'batches.create', 'batches.create'])
  })

  test('for want of money closes the gate for all triples of the run', async () => {
    const submissions = submissionGate()
    const scene = await stepScene({ ...inputOf(2), ...inputOf(3, '2') }, { dependencies: { submissions } })
    scene.server.script(faults.quotaExhausted('batches.create'))
    expect(await rejection(scene.take(submitBatch))).toMatchObject({ code: 'QuotaExhausted' })
    const before = callsOf(scene).length
    expect(await rejection(scene.take(submitBatch, { index: '2' }))).toMatchObject({ code: 'QuotaExhausted' })
    expect(callsOf(scene)).toHaveLength(before)
    expect(namesIn(scene, 'workdir')).not.toContain('batch_metadata_2.jsonl')
  })

  test('for want of room waits, and the gate stays open', async () => {
    const scene = await stepScene({ ...inputOf(2), ...inputOf(3, '2') })
    const message = 'Enqueued token limit reached.'
    scene.server.script({
      on: 'batches.create',
      effect: { type: 'answer', status: 429, body: { error: { code: 'insufficient_quota', message } } },
    })
    expect(await scene.take(submitBatch)).toMatchObject({
      type: 'no-room',
      problem: { isPassing: true },
      refusal: { refusals: 1, othersUnderWay: 0 },
    })
    expect((await metadataOf(scene)).room).toMatchObject({ since_ms: startAtMs, refusals: 1 })
    expect(await scene.take(submitBatch, { index: '2' })).toMatchObject({ type: 'submitted' })
  })
})

const room = (nextTryAtMs: number) =>
  metadataText({
    batch_id: '',
    submission: { ...never, input_file_id: 'file-1' },
    room: { since_ms: startAtMs - 1, refusals: 2, next_try_at_ms: nextTryAtMs },
  })

describe('a triple that waits for room', () => {
  test.each([1, 3_600_000])('is left alone for the %i ms that remain', async (remainingMs) => {
    const scene = await stepScene({ ...inputOf(2), [metadataPath]: room(startAtMs + remainingMs) })
    expect(await scene.take(submitBatch)).toMatchObject({
      type: 'no-room',
      refusal: null,
      problem: { code: 'BatchFailed', isPassing: true, facts: { index: '1', refusals: 2 } },
    })
    expect(callsOf(scene)).toEqual([])
  })

  test.each([
    ['its time has come', startAtMs],
    ['its time is further away than any wait: the clock was set back', startAtMs + 3_600_001],
  ])('is sent when %s', async (_, nextTryAtMs) => {
    const provider = recordingProvider({ submit: () => Promise.resolve(remoteBatch()) })
    const scene = await stepScene({ ...inputOf(2), [metadataPath]: room(nextTryAtMs) })
    const dependencies = scene.anew({ provider })
    expect(await scene.take(submitBatch, { dependencies })).toMatchObject({ type: 'submitted' })
    expect(provider.calls).toEqual(['submit file-1'])
    expect((await metadataOf(scene)).room).toMatchObject({ others_under_way: 0 })
  })
})

test('the answer that is about the batch of another triple is no answer', async () => {
  const provider = recordingProvider({ submit: () => Promise.resolve(remoteBatch({ batchId: 'batch_x' })) })
  const scene = await stepScene({ ...inputOf(2), ...inputOf(3, '2') }, { dependencies: { provider } })
  await scene.take(submitBatch)
  expect(await rejection(scene.take(submitBatch, { index: '2' }))).toMatchObject({
    code: 'SubmissionAmbiguous',
    problem: { isPassing: true, facts: { batchId: 'batch_x' } },
  })
  expect((await metadataOf(scene, '2')).batch_id).toBe(null)
})

describe('an input that is not what it was', () => {
  test('since its upload is not sent, and no batch is made from that upload', async () => {
    const scene = await stepScene(inputOf(2))
    scene.server.script(faults.serverError('batches.create', { status: 400 }))
    await rejection(scene.take(submitBatch))
    scene.put(inputOf(3))
    expect(await rejection(scene.take(submitBatch))).toMatchObject({ code: 'InputChanged' })
    expect(scene.server.batches()).toEqual([])
  })

  test('since its upload by older metadata, which has the hash at its top only', async () => {
    const scene = await stepScene({
      ...inputOf(2),
      [metadataPath]: metadataText({
        batch_id: '',
        input_sha256: sha256('other'),
        submission: { ...never, input_file_id: 'file-1' },
      }),
    })
    expect(await rejection(scene.take(submitBatch))).toMatchObject({ code: 'InputChanged' })
    expect(callsOf(scene)).toEqual([])
  })

  test('while it is uploaded makes no batch', async () => {
    const scene = await stepScene(inputOf(2))
    const provider = recordingProvider({
      submit: async ({ inputPath, onUploaded }) => {
        writeFileSync(inputPath, jsonl(...idsUpTo(4).map((id) => requestLine(id))))
        await onUploaded('file-9', null)
        return remoteBatch()
      },
    })
    expect(
      await rejection(scene.take(submitBatch, { dependencies: scene.anew({ provider }) })),
    ).toMatchObject({
      code: 'FileChangedDuringRun',
      problem: { isPassing: true },
    })
    expect((await metadataOf(scene)).submission?.input_file_id ?? null).toBe(null)
  })
})

test.each([
  ['has a line the server would refuse', 'no JSON\n', 'RequestsFileInvalid'],
  [
    'is more than one batch',
    jsonl(requestLine('a'), requestLine('b').replace('gpt-4o-mini', 'o9')),
    'RequestsFileInvalid',
  ],
])('an input that %s is refused before a byte is sent', async (_, input, code) => {
  const scene = await stepScene({ 'workdir/batch_input_1.jsonl': input })
  expect(await rejection(scene.take(submitBatch))).toMatchObject({ code, problem: { needsPerson: true } })
  expect(callsOf(scene)).toEqual([])
  expect(namesIn(scene, 'workdir')).toEqual(['batch_input_1.jsonl'])
})

test('requests that stand in another triple are not sent again', async () => {
  const scene = await stepScene({ ...inputOf(2), 'workdir/batch_input_2.jsonl': inputText(2) })
  await submitted(scene)
  expect(await rejection(scene.take(submitBatch, { index: '2', dependencies: scene.anew() }))).toMatchObject({
    code: 'RequestsSentBefore',
  })
  expect(scene.server.batches()).toHaveLength(1)
})

test('an upload of earlier is used again, after its use is noted', async () => {
  const seen: unknown[] = []
  const scene = await stepScene({
    ...inputOf(2),
    [metadataPath]: metadataText({ batch_id: '', submission: { ...never, input_file_id: 'file-5' } }),
  })
  const provider = recordingProvider({
    submit: async ({ inputFileId, metadata }) => {
      seen.push(inputFileId, metadata['intent_key'], (await metadataOf(scene)).submission?.asked_at_ms)
      return remoteBatch()
    },
  })
  await scene.take(submitBatch, { dependencies: scene.anew({ provider }) })
  expect(seen).toEqual(['file-5', 'k-1', startAtMs])
})

test('a fault that is none of the server’s changes nothing of what is noted', async () => {
  const scene = await stepScene(inputOf(2))
  const provider = recordingProvider({
    submit: async ({ onUploaded }) => {
      await onUploaded('file-9', null)
      throw systemError('EIO', 'somewhere')
    },
  })
  await expect(scene.take(submitBatch, { dependencies: scene.anew({ provider }) })).rejects.toThrow('EIO')
  expect((await metadataOf(scene)).submission).toMatchObject({ asked_at_ms: startAtMs })
  await noteMetadata(scene, { batch_id: 'batch_1' })
})
