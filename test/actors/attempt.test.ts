import { describe, expect, test } from 'vitest'
import { describeAttempt, openRows, type Attempt } from '../../src/actors/attempt.js'
import { accountFor } from '../../src/actors/check-ids.js'
import type { TripleDependencies } from '../../src/actors/dependencies.js'
import { surveyFacts } from '../../src/actors/survey-triple.js'
import { parseBatchIndex } from '../../src/workspace/batch-index.js'
import {
  errorLine,
  jsonl,
  metadataText,
  noSignal,
  rejection,
  requestLine,
  stepScene,
  type StepScene,
} from './support.js'

const ids = ['a', 'b', 'c', 'd', 'e']
const files = {
  'workdir/batch_input_1.jsonl': jsonl(...ids.map((id) => requestLine(id))),
  'workdir/batch_error_1.jsonl': jsonl(...ids.map((id) => errorLine(id, 500))),
}

async function attemptOf(
  fields: Readonly<Record<string, unknown>> | null = null,
  changes: Partial<TripleDependencies> = {},
  more: Record<string, string> = {},
): Promise<{ attempt: Attempt; scene: StepScene }> {
  const metadata: Record<string, string> =
    fields === null ? {} : { 'workdir/batch_metadata_1.jsonl': metadataText(fields) }
  const scene = await stepScene({ ...files, ...metadata, ...more }, { dependencies: changes })
  const facts = await surveyFacts(scene.workspace, '1')
  const accounted = await accountFor(scene.dependencies, facts, noSignal)
  return { attempt: await describeAttempt(scene.dependencies, facts, accounted), scene }
}
const keyOf = async (...parts: Parameters<typeof attemptOf>): Promise<string> =>
  (await attemptOf(...parts)).attempt.sourceKey

describe('an attempt', () => {
  test('is worked out from facts alone: a restart arrives at the same one', async () => {
    const [{ attempt }, { attempt: again }] = [await attemptOf({}), await attemptOf({})]
    expect(again.sourceKey).toBe(attempt.sourceKey)
    expect(again.retryIndices).toEqual(attempt.retryIndices)
    expect(attempt.retryIndices.every((index) => parseBatchIndex(index) === index)).toBe(true)
    expect(attempt).toMatchObject({ number: 1, contentType: 'text' })
    expect(attempt.retryIndexOf('a')).toBe(attempt.retryIndices[0])
  })

  test.each([
    ['the content type', { content_type: 'json' }, {}, {}],
    ['the last status', { remote_status: 'completed' }, {}, {}],
    [
      'the bytes of a file',
      {},
      {},
      { 'workdir/batch_error_1.jsonl': jsonl(...ids.map((id) => errorLine(id, 400))) },
    ],
    ['the parts it goes on in', { split: { parts: 2, reason: 'r', decided_at_ms: 1 } }, {}, {}],
    ['another number of parts', { split: { parts: 3, reason: 'r', decided_at_ms: 1 } }, {}, {}],
  ])('makes its rows anew when %s changes', async (_, fields, changes, more) => {
    expect(await keyOf(fields, changes, more)).not.toBe(await keyOf({}))
  })

  test('keeps its rows whatever else the metadata says', async () => {
    expect(await keyOf({ provider: 'x', last_polled_at_ms: 9, attempt: 2 })).toBe(await keyOf({}))
  })
})

describe('the content type', () => {
  test.each([
    ['what the run says', 'json', 'json-lines', 'json'],
    ['else what the metadata says', null, 'json-lines', 'json-lines'],
    ['else text', null, undefined, 'text'],
  ] as const)('is %s', async (_, contentType, stored, expected) => {
    const { attempt } = await attemptOf({ content_type: stored }, { contentType })
    expect(attempt.contentType).toBe(expected)
  })

  test('is text without metadata', async () => {
    expect((await attemptOf()).attempt.contentType).toBe('text')
  })
})

const retryOf = async (...parts: Parameters<typeof attemptOf>) =>
  (await attemptOf(...parts)).attempt.retryIndices[0]

describe('failed requests go', () => {
  test.each([1, 2])('to a further triple after attempt %i of three', async (attempt) => {
    expect((await attemptOf({ attempt })).attempt.retryIndices).toHaveLength(1)
  })

  test.each([
    ['after the last attempt', { attempt: 3 }],
    ['when somebody cancelled here', { cancel: { intended_at_ms: 1 } }],
    ['when somebody cancelled at the server', { remote_status: 'cancelling' }],
    [
      'when a batch that goes on in parts was cancelled',
      { cancel: { intended_at_ms: 1 }, split: { parts: 2, reason: 'r', decided_at_ms: 1 } },
    ],
  ])('nowhere %s', async (_, fields) => {
    const { attempt } = await attemptOf(fields)
    expect(attempt.retryIndices).toEqual([])
    expect(attempt.retryIndexOf('a')).toBe(null)
  })

  test('to another triple for each attempt, and for other files', async () => {
    const other = { 'workdir/batch_error_1.jsonl': jsonl(...ids.map((id) => errorLine(id, 503))) }
    const indices = [await retryOf({}), await retryOf({ attempt: 2 }), await retryOf({}, {}, other)]
    expect(new Set(indices).size).toBe(3)
  })

  test.each([
    [2, [0, 0, 0, 1, 1]],
    [3, [0, 0, 1, 1, 2]],
    [5, [0, 1, 2, 3, 4]],
  ])('in order to one of %i parts, also after the last attempt', async (parts, expected) => {
    const { attempt } = await attemptOf({ attempt: 3, split: { parts, reason: 'r', decided_at_ms: 1 } })
    expect(new Set(attempt.retryIndices).size).toBe(parts)
    expect(ids.map((id) => attempt.retryIndices.indexOf(attempt.retryIndexOf(id) ?? ''))).toEqual(expected)
    expect(attempt.number).toBe(2)
  })
})

test('rows that cannot be opened are named', async () => {
  const { attempt, scene } = await attemptOf()
  const rules = [{ operation: 'open', path: 'batch_rows_1', error: 'EACCES' }] as const
  const locked = await stepScene(files, { rules })
  expect(await rejection(openRows(locked.dependencies, attempt))).toMatchObject({
    code: 'PermissionDenied',
    message: expect.stringContaining('batch_rows_1.part.jsonl'),
  })
  const rows = await openRows(scene.dependencies, attempt)
  expect(rows.size).toBe(0)
  await rows.close()
})
