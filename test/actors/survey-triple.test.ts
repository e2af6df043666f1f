import { mkdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { accountFor } from '../../src/actors/check-ids.js'
import { submitBatch } from '../../src/actors/submit-batch.js'
import { surveyFacts, surveyTriple } from '../../src/actors/survey-triple.js'
import {
  answerLine,
  callsOf,
  errorLine,
  inputOf,
  jsonl,
  metadataText,
  noSignal,
  rejection,
  requestLine,
  stepScene,
} from './support.js'

const input = jsonl(requestLine('a'))
const output = jsonl(answerLine('a', 'yes'))

describe('a finished input without any answer', () => {
  test('counts for nothing, so that it is never sent again', async () => {
    const scene = await stepScene({ 'done/batch_input_1.jsonl': input })
    expect(await surveyFacts(scene.workspace, '1')).toMatchObject({ input: null, output: null, error: null })
    expect(await scene.take(submitBatch)).toEqual({ type: 'offline' })
    expect(callsOf(scene)).toEqual([])
  })

  test.each([
    ['metadata that names no batch', { batch_id: '' }],
    ['an intent that came to no batch', { batch_id: '', submission: { intent_key: 'k', intended_at_ms: 1 } }],
  ])('nor does it beside %s', async (_, fields) => {
    const scene = await stepScene({
      'done/batch_input_1.jsonl': input,
      'workdir/batch_metadata_1.jsonl': metadataText(fields),
    })
    expect((await surveyFacts(scene.workspace, '1')).input).toBe(null)
    await scene.take(submitBatch)
    expect(callsOf(scene)).toEqual([])
  })

  test.each(['workdir', 'done'])(
    'counts where its batch is known from %s/: the answers are asked for, and nothing is sent',
    async (directory) => {
      const scene = await stepScene({
        'done/batch_input_1.jsonl': input,
        [`${directory}/batch_metadata_1.jsonl`]: metadataText({ batch_id: 'batch_7' }),
      })
      expect(await surveyFacts(scene.workspace, '1')).toMatchObject({
        input: { location: 'done' },
        batchId: 'batch_7',
        submission: 'submitted',
      })
      expect(await scene.take(submitBatch)).toEqual({ type: 'submitted', batchId: 'batch_7' })
      expect(callsOf(scene)).toEqual([])
    },
  )
})

test.each([
  ['output', output],
  ['error', jsonl(errorLine('a'))],
])('a finished input with its %s file counts wherever the two stand', async (kind, answers) => {
  for (const directory of ['workdir', 'done'] as const) {
    const scene = await stepScene({
      'done/batch_input_1.jsonl': input,
      [`${directory}/batch_${kind}_1.jsonl`]: answers,
    })
    const facts = await surveyFacts(scene.workspace, '1')
    expect(facts.input).toEqual({
      path: scene.workspace.layout.doneFile('input', '1'),
      bytes: Buffer.byteLength(input),
      location: 'done',
    })
    expect(facts[kind as 'output' | 'error']).toMatchObject({
      bytes: Buffer.byteLength(answers),
      location: directory,
    })
  }
})

test('an input in workdir/ counts, and a triple without metadata is a root that was never sent', async () => {
  const scene = await stepScene(inputOf(1))
  expect(await surveyFacts(scene.workspace, '1')).toMatchObject({
    index: '1',
    input: { location: 'workdir' },
    metadata: null,
    batchId: null,
    remoteStatus: null,
    outputFileId: null,
    errorFileId: null,
    submission: 'none',
    requestCounts: null,
    submittedAtMs: null,
    dueAtMs: null,
    noRoomSinceMs: null,
    isCancelWanted: false,
    splitParts: null,
    isMissingAccepted: false,
    needsLeave: false,
    isMoveIntended: false,
    attempt: 1,
    parentIndex: null,
    rootIndex: '1',
  })
})

test('everything the metadata says is in the facts', async () => {
  const scene = await stepScene({
    ...inputOf(1),
    'workdir/batch_metadata_1.jsonl': metadataText({
      batch_id: 'batch_7',
      remote_status: 'expired',
      output_file_id: 'file-o',
      error_file_id: 'file-e',
      request_counts: { total: 9, completed: 7 },
      attempt: 3,
      parent_index: '5',
      root_index: '2',
      needs_leave: true,
      cancel: { intended_at_ms: 1 },
      split: { parts: 2, reason: 'token_limit_exceeded', decided_at_ms: 1 },
    }),
  })
  expect(await surveyFacts(scene.workspace, '1')).toMatchObject({
    batchId: 'batch_7',
    remoteStatus: 'expired',
    outputFileId: 'file-o',
    errorFileId: 'file-e',
    submission: 'submitted',
    requestCounts: { total: 9, completed: 7, failed: null },
    isCancelWanted: true,
    splitParts: 2,
    needsLeave: true,
    attempt: 3,
    parentIndex: '5',
    rootIndex: '2',
  })
})

test('an intent without a batch is a submission that was begun', async () => {
  const scene = await stepScene({
    ...inputOf(1),
    'workdir/batch_metadata_1.jsonl': metadataText({
      batch_id: '',
      submission: { intent_key: 'k', intended_at_ms: 1 },
    }),
  })
  expect(await surveyFacts(scene.workspace, '1')).toMatchObject({ submission: 'intended', batchId: null })
})

test('a move that was intended without proof and results is no move to finish', async () => {
  const move = { intended_at_ms: 1, files: [] }
  const scene = await stepScene({
    ...inputOf(1),
    'workdir/batch_metadata_1.jsonl': metadataText({ move }),
  })
  expect((await surveyFacts(scene.workspace, '1')).isMoveIntended).toBe(false)
})

test('a directory in the place of a file stops the triple and is named', async () => {
  const scene = await stepScene(inputOf(1))
  mkdirSync(scene.workspace.layout.doneFile('output', '1'))
  expect(await rejection(surveyFacts(scene.workspace, '1'))).toMatchObject({
    code: 'NotARegularFile',
    message: expect.stringContaining('batch_output_1.jsonl'),
  })
})

test('metadata that cannot be read stops the triple: its batch may be paid for', async () => {
  const scene = await stepScene({ ...inputOf(1), 'workdir/batch_metadata_1.jsonl': '{' })
  expect((await rejection(surveyFacts(scene.workspace, '1'))).code).toBe('BatchMetadataUnreadable')
})

test('the step forgets what was counted at an earlier look', async () => {
  const scene = await stepScene({ ...inputOf(1), 'workdir/batch_output_1.jsonl': output })
  const facts = await surveyFacts(scene.workspace, '1')
  await accountFor(scene.dependencies, facts, noSignal)
  expect(scene.dependencies.accountings.recall(facts)).not.toBe(null)
  expect(await surveyTriple(scene.dependencies, { index: '1' }, noSignal)).toEqual(facts)
  expect(scene.dependencies.accountings.recall(facts)).toBe(null)
})
