import { describe, expect, test } from 'vitest'
import { findEarlierBatch, settleWindowMs } from '../../src/actors/find-earlier-batch.js'
import { reconciliationError } from '../../src/errors.js'
import type { FindQuery, FoundBatches, RemoteBatch } from '../../src/providers/batch-provider.js'
import type { SubmissionIntent } from '../../src/workspace/metadata.js'
import {
  inputOf,
  metadataOf,
  metadataText,
  noSignal,
  recordingProvider,
  rejection,
  remoteBatch,
  startAtMs,
  stepScene,
  warningsOf,
} from './support.js'

const asked: SubmissionIntent = {
  intent_key: 'k-1',
  intended_at_ms: 1,
  input_file_id: 'file-1',
  asked_at_ms: startAtMs,
  uploaded_at_server_ms: 77,
}

/** A triple that asked for a batch, and a server whose list answers as given. */
async function searching(
  answer: (query: FindQuery) => Promise<FoundBatches>,
  submission: SubmissionIntent = asked,
) {
  const queries: FindQuery[] = []
  const provider = recordingProvider({
    find: (query) => {
      queries.push(query)
      return answer(query)
    },
  })
  const scene = await stepScene({
    ...inputOf(1),
    'workdir/batch_metadata_1.jsonl': metadataText({ batch_id: '', submission }),
  })
  const place = { index: '1', path: scene.workspace.layout.workdirFile('metadata', '1') }
  const look = async () => {
    const now = (await metadataOf(scene)).submission
    return findEarlierBatch(scene.dependencies, provider, { place, submission: now }, noSignal)
  }
  return { scene, provider, queries, look }
}

/** The whole list, without the batch, at this time of the server; `null` for a server that does not say. */
const absentAt = (serverNowMs: number | null) => () => Promise.resolve({ batches: [], serverNowMs })

describe('no search is made', () => {
  test.each([
    ['there was no try', undefined],
    ['nothing was uploaded', { intent_key: 'k', intended_at_ms: 1 }],
    ['the server was never asked', { ...asked, asked_at_ms: null }],
    ['no upload is known', { ...asked, input_file_id: null }],
  ])('where %s', async (_, submission) => {
    const provider = recordingProvider({})
    const scene = await stepScene(inputOf(1))
    const place = { index: '1', path: scene.workspace.layout.workdirFile('metadata', '1') }
    expect(await findEarlierBatch(scene.dependencies, provider, { place, submission }, noSignal)).toBe(null)
    expect(provider.calls).toEqual([])
  })
})

test('the batch is looked for by upload, by key and since the upload, and adopted', async () => {
  const batch = remoteBatch({ batchId: 'batch_9' })
  const { look, queries, scene } = await searching(() =>
    Promise.resolve({ batches: [batch], serverNowMs: null }),
  )
  expect(await look()).toBe(batch)
  expect(queries).toEqual([{ inputFileId: 'file-1', intentKey: 'k-1', uploadedAtMs: 77 }])
  expect(warningsOf(scene)).toEqual(['Batch batch_9 was found at the server and adopted.'])
})

test('batches the server had no room for are not the one that is looked for', async () => {
  const refused = remoteBatch({ batchId: 'batch_r' })
  const batch = remoteBatch({ batchId: 'batch_9' })
  const { look } = await searching(() => Promise.resolve({ batches: [refused, batch], serverNowMs: null }), {
    ...asked,
    refused_batch_ids: ['batch_r'],
  })
  expect(await look()).toBe(batch)
})

describe('a list without the batch', () => {
  test('proves nothing at the first look, and says when to look again', async () => {
    const { look, scene } = await searching(absentAt(500))
    const error = await rejection(look())
    expect(error).toMatchObject({
      code: 'SubmissionAmbiguous',
      problem: { isPassing: true, retryAfterMs: settleWindowMs / 3, facts: { inputFileId: 'file-1' } },
    })
    expect((await metadataOf(scene)).submission).toMatchObject({ missing_since_server_ms: 500 })
  })

  test.each([
    ['only just too short', settleWindowMs + 999, false],
    ['long enough, to the second', settleWindowMs + 1_000, true],
  ])('for a time of the server’s clock that is %s', async (_, passedMs, isProof) => {
    const { look } = await searching(absentAt(1_000_000 + passedMs), {
      ...asked,
      missing_since_server_ms: 1_000_000,
    })
    if (isProof) expect(await look()).toBe(null)
    else expect((await rejection(look())).code).toBe('SubmissionAmbiguous')
  })

  test('starts over when the server’s clock went back', async () => {
    const { look, scene } = await searching(absentAt(400), { ...asked, missing_since_server_ms: 1_000_000 })
    expect((await rejection(look())).code).toBe('SubmissionAmbiguous')
    expect((await metadataOf(scene)).submission?.missing_since_server_ms).toBe(400)
  })

  test('of a server that tells no time counts for as long as this process looked', async () => {
    const { look, scene } = await searching(absentAt(null))
    expect((await rejection(look())).code).toBe('SubmissionAmbiguous')
    await passed(scene, settleWindowMs - 1)
    expect(await rejection(look())).toMatchObject({ problem: { retryAfterMs: 1 } })
    await passed(scene, 1)
    expect(await look()).toBe(null)
    expect((await metadataOf(scene)).submission?.missing_since_server_ms ?? null).toBe(null)
  })
})

describe('a list that shows too little', () => {
  const tooLittle = reconciliationError({
    code: 'SubmissionAmbiguous',
    message: 'm',
    facts: { why: 'it ignores `after`' },
  })

  test('is no proof: it is looked at again, and in the end only a person can tell', async () => {
    const { look, scene } = await searching(() => Promise.reject(tooLittle))
    expect(await rejection(look())).toMatchObject({
      code: 'SubmissionAmbiguous',
      problem: { isPassing: true, retryAfterMs: settleWindowMs / 3 },
      message: expect.stringContaining('it ignores `after`'),
    })
    await passed(scene, settleWindowMs)
    const error = await rejection(look())
    expect(error).toMatchObject({ code: 'SubmissionAmbiguous', problem: { needsPerson: true } })
    expect(error.problem.isPassing).toBe(undefined)
    expect(error.problem.hint).toContain('adopt')
  })

  test('is the same where there is no list at all', async () => {
    const none = reconciliationError({ code: 'RequestRefused', message: 'No such call' })
    const { look } = await searching(() => Promise.reject(none))
    expect((await rejection(look())).code).toBe('SubmissionAmbiguous')
  })

  test('is not one that could not be read just now', async () => {
    const passing = reconciliationError({ code: 'NetworkError', message: 'cut', isPassing: true })
    const { look } = await searching(() => Promise.reject(passing))
    await expect(look()).rejects.toBe(passing)
  })
})

/** Time goes on; nothing happens meanwhile. */
function passed(
  { clock }: { readonly clock: { setTimeout: (f: () => void, ms: number) => unknown } },
  ms: number,
) {
  return new Promise<void>((resolve) => clock.setTimeout(resolve, ms))
}

/** A search with another key than the one the batch was asked for with. */
const elsewhere = async (batches: readonly RemoteBatch[]) => {
  const { look, provider, scene } = await searching(() => Promise.resolve({ batches, serverNowMs: null }), {
    ...asked,
    account: 'api.example.org#11111111',
  })
  Object.assign(provider, { account: 'api.example.org#22222222' })
  return { look, scene }
}

describe('where another account was asked', () => {
  test('its list proves no absence, however long it is looked at: nothing is sent, and both are named', async () => {
    const { look } = await elsewhere([])
    const { problem } = await rejection(look())
    expect(problem).toMatchObject({ code: 'SubmissionAmbiguous', needsPerson: true })
    expect(problem.message).toContain(
      'api.example.org#11111111 was asked, and this is api.example.org#22222222',
    )
    expect(problem.hint).toContain('adopt')
    expect(problem.isPassing).toBeUndefined()
  })

  test('a batch that is in the list all the same is ours: the key is a new one of the same account', async () => {
    const batch = remoteBatch({ batchId: 'batch_9' })
    const { look } = await elsewhere([batch])
    expect(await look()).toBe(batch)
  })

  test('a provider that names no account is believed', async () => {
    const { look } = await searching(absentAt(null), { ...asked, account: 'api.example.org#11111111' })
    expect((await rejection(look())).problem.isPassing).toBe(true)
  })
})
