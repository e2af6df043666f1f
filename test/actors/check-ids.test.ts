import { describe, expect, test } from 'vitest'
import { accountFor, checkIds } from '../../src/actors/check-ids.js'
import { surveyFacts } from '../../src/actors/survey-triple.js'
import { sha256 } from '../engine/workspaces.js'
import {
  answerLine,
  errorLine,
  jsonl,
  metadataText,
  noSignal,
  rejection,
  requestLine,
  rowsOf,
  stepScene,
  textOf,
  warningsOf,
} from './support.js'

const input = jsonl(...['a', 'b', 'c'].map((id) => requestLine(id)))
const missingPath = 'failed-items/batch_missing_1.jsonl'
const proofPath = 'logs/batch_accounting_1.json'

/** Triple 1 with these ids answered in the output, these in the error file, and what the metadata says. */
const triple = (
  answered: string[],
  failed: string[],
  metadata: Readonly<Record<string, unknown>> | null = null,
): Record<string, string> => ({
  'workdir/batch_input_1.jsonl': input,
  'workdir/batch_output_1.jsonl': jsonl(...answered.map((id) => answerLine(id, 'yes'))),
  ...(failed.length === 0
    ? {}
    : { 'workdir/batch_error_1.jsonl': jsonl(...failed.map((id) => errorLine(id))) }),
  ...(metadata === null ? {} : { 'workdir/batch_metadata_1.jsonl': metadataText(metadata) }),
})

describe('every request accounted for', () => {
  test('is proven, and the proof is kept', async () => {
    const scene = await stepScene(triple(['a', 'b'], ['c']))
    expect(await scene.take(checkIds)).toMatchObject({
      type: 'accounted',
      notExecuted: 0,
      counts: { input: 3, output: 2, error: 1, matched: 3, missing: 0, unknown: 0 },
    })
    const proof = JSON.parse(textOf(scene, proofPath) ?? '') as Record<string, unknown>
    expect(proof).toMatchObject({ index: '1', verdict: 'balanced' })
    expect(textOf(scene, missingPath)).toBe(null)
    expect(warningsOf(scene)).toEqual([])
  })

  test('of a batch that was cut short, the rest was not executed', async () => {
    const scene = await stepScene(triple(['a'], [], { remote_status: 'expired' }))
    expect(await scene.take(checkIds)).toMatchObject({
      type: 'accounted',
      notExecuted: 2,
      counts: { matched: 1, missing: 2 },
    })
    expect(textOf(scene, missingPath)).toBe(null)
  })
})

describe('requests without an answer', () => {
  test('stop the triple, and all stand in a file with their lines', async () => {
    const scene = await stepScene(triple(['b'], [], { remote_status: 'completed' }))
    expect(await scene.take(checkIds)).toMatchObject({
      type: 'ids-missing',
      counts: { missing: 2 },
      problem: { code: 'RequestIdsMismatch' },
    })
    expect(rowsOf(scene, missingPath)).toEqual([
      { custom_id: 'a', input_line: 1 },
      { custom_id: 'c', input_line: 3 },
    ])
  })

  test('lose that file once all are here', async () => {
    const scene = await stepScene({ ...triple(['a', 'b', 'c'], []), [missingPath]: 'old\n' })
    await scene.take(checkIds)
    expect(textOf(scene, missingPath)).toBe(null)
  })

  test.each([
    ['one more than stands here: a file was cut or is late', 2, 'ids-missing'],
    ['what stands here', 1, 'accounted'],
    ['nothing', undefined, 'accounted'],
  ])('of an expired batch whose server completed %s', async (_, completed, type) => {
    const fields = { remote_status: 'expired', request_counts: { total: 3, completed, failed: 0 } }
    const scene = await stepScene(triple(['a'], ['b'], fields))
    expect(await scene.take(checkIds)).toMatchObject({ type })
  })
})

test('an answer to no request is a mismatch', async () => {
  const scene = await stepScene(triple(['a', 'b', 'c', 'd'], []))
  expect(await scene.take(checkIds)).toMatchObject({
    type: 'mismatch',
    counts: { unknown: 1 },
    problem: { code: 'RequestIdsMismatch' },
  })
})

describe('an input that is not the one that was sent', () => {
  const sent = { input_sha256: sha256('what was sent') }

  test('is said, and goes on while the ids match', async () => {
    const scene = await stepScene(triple(['a', 'b', 'c'], [], sent))
    expect(await scene.take(checkIds)).toMatchObject({ type: 'accounted' })
    expect(warningsOf(scene)).toEqual([expect.stringContaining('is not the input that was sent')])
    expect(textOf(scene, proofPath)).toContain('is not the input that was sent')
  })

  test('explains ids that do not match', async () => {
    const scene = await stepScene(triple(['a', 'b', 'c', 'd'], [], sent))
    expect(await scene.take(checkIds)).toMatchObject({
      type: 'mismatch',
      problem: {
        needsPerson: true,
        message: expect.stringContaining('is not the input that was sent'),
        hint: expect.stringContaining('Put the input that was sent back'),
      },
    })
  })
})

describe('the server’s own counts', () => {
  test('are never trusted, and said where they differ', async () => {
    const counts = { total: 3, completed: 1, failed: 1 }
    const scene = await stepScene(triple(['a', 'b'], ['c'], { request_counts: counts }))
    expect(await scene.take(checkIds)).toMatchObject({ type: 'accounted' })
    expect(warningsOf(scene)).toHaveLength(1)
    expect(warningsOf(scene)[0]).toMatch(/completed/)
  })

  test('of failed requests are not compared for a batch that was cut short', async () => {
    const counts = { total: 3, completed: 1, failed: 0 }
    const cut = await stepScene(triple(['a'], ['b'], { request_counts: counts, remote_status: 'expired' }))
    await cut.take(checkIds)
    expect(warningsOf(cut)).toEqual([])
    const whole = await stepScene(triple(['a', 'b'], ['c'], { request_counts: { ...counts, completed: 2 } }))
    await whole.take(checkIds)
    expect(warningsOf(whole)).toHaveLength(1)
  })
})

test('a name that is taken in done/ by other bytes is found before anything is counted', async () => {
  const scene = await stepScene({ ...triple(['a', 'b', 'c'], []), 'done/batch_output_1.jsonl': 'other\n' })
  expect(await rejection(scene.take(checkIds))).toMatchObject({ code: 'DoneFileConflict' })
  expect(textOf(scene, proofPath)).toBe(null)
})

test('lines nobody can read are kept with their place', async () => {
  const scene = await stepScene({
    ...triple([], []),
    'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'yes'), '{"cut'),
  })
  await scene.take(checkIds)
  expect(rowsOf(scene, 'failed-items/batch_unreadable_1.jsonl')).toMatchObject([
    { file: 'batch_output_1.jsonl', line: 2, content_base64: Buffer.from('{"cut').toString('base64') },
  ])
})

test('the files are read once: what was counted is kept until they look different', async () => {
  const scene = await stepScene(triple(['a', 'b', 'c'], []))
  await scene.take(checkIds)
  const read = () => scene.events.filter(({ type }) => type === 'bytes.read').length
  const before = read()
  expect(before).toBeGreaterThan(0)
  const facts = await surveyFacts(scene.workspace, '1')
  const first = await accountFor(scene.dependencies, facts, noSignal)
  expect(read()).toBe(before)
  scene.put({
    'workdir/batch_output_1.jsonl': jsonl(...['a', 'b', 'c'].map((id) => answerLine(id, 'other'))),
  })
  const other = await accountFor(scene.dependencies, await surveyFacts(scene.workspace, '1'), noSignal)
  expect(other).not.toBe(first)
  expect(read()).toBeGreaterThan(before)
})
