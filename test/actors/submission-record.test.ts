import { describe, expect, test } from 'vitest'
import {
  noteAsked,
  noteBatch,
  noteCancelAnswered,
  noteCancelWanted,
  noteDoubt,
  noteGivenUp,
  noteMissing,
  noteNoRoom,
  noteOthers,
  noteRefusal,
} from '../../src/actors/submission-record.js'
import type { BatchMetadata } from '../../src/workspace/metadata.js'
import {
  inputOf,
  metadataOf,
  metadataText,
  namesGiven,
  remoteBatch,
  startAtMs,
  stepScene,
  type StepScene,
} from './support.js'

const path = 'workdir/batch_metadata_1.jsonl'
const asked = {
  intent_key: 'k',
  intended_at_ms: 1,
  input_file_id: 'file-1',
  uploaded_at_server_ms: 3,
  asked_at_ms: 2,
  missing_since_server_ms: 9,
}

async function noted(
  fields: Readonly<Record<string, unknown>>,
  note: (scene: StepScene, place: { index: string; path: string }) => Promise<unknown>,
): Promise<{ metadata: BatchMetadata; scene: StepScene; result: unknown }> {
  const scene = await stepScene({ ...inputOf(1), [path]: metadataText({ batch_id: '', ...fields }) })
  const place = { index: '1', path: scene.workspace.layout.workdirFile('metadata', '1') }
  const result = await note(scene, place)
  return { metadata: await metadataOf(scene), scene, result }
}

const noRoom = (retryAfterMs?: number) => (scene: StepScene, place: { index: string; path: string }) =>
  noteNoRoom(scene.dependencies, place, {
    code: 'BatchFailed',
    message: 'm',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })

const putAnother = async (scene: StepScene, place: { index: string; path: string }) => {
  scene.put({ ...inputOf(1, '2'), 'workdir/batch_metadata_2.jsonl': metadataText({}) })
  await noteOthers(scene.dependencies, place)
}

const wish = (scene: StepScene, place: { path: string }) => noteCancelWanted(scene.dependencies, place.path)

const answer = (scene: StepScene, place: { path: string }) =>
  noteCancelAnswered(scene.dependencies, place.path)

describe('that the server is asked', () => {
  test('is noted with the upload and its time, and ends what was seen before', async () => {
    const { metadata } = await noted({ submission: asked }, ({ dependencies }, place) =>
      noteAsked(dependencies, place, { inputFileId: 'file-2', uploadedAtMs: 77, account: 'host#1' }),
    )
    expect(metadata).toMatchObject({
      input_file_id: 'file-2',
      submission: {
        intent_key: 'k',
        intended_at_ms: 1,
        input_file_id: 'file-2',
        uploaded_at_server_ms: 77,
        account: 'host#1',
        asked_at_ms: startAtMs,
        missing_since_server_ms: null,
      },
    })
  })

  test('is never noted without an intent', async () => {
    const noting = noted({}, ({ dependencies }, place) =>
      noteAsked(dependencies, place, { inputFileId: 'file-2', uploadedAtMs: null, account: undefined }),
    )
    await expect(noting).rejects.toThrow('lost its submission intent')
  })
})

test('doubt lets the time for the batch to show begin anew', async () => {
  const { metadata } = await noted({ submission: asked }, ({ dependencies }, place) =>
    noteDoubt(dependencies, place),
  )
  expect(metadata.submission).toEqual({ ...asked, asked_at_ms: startAtMs, missing_since_server_ms: null })
})

test('a refusal leaves no doubt, and the upload is kept', async () => {
  const { metadata } = await noted({ submission: asked }, ({ dependencies }, place) =>
    noteRefusal(dependencies, place),
  )
  expect(metadata.submission).toEqual({
    ...asked,
    bound: null,
    asked_at_ms: null,
    missing_since_server_ms: null,
  })
})

test('the time since when the list is without the batch is the server’s own', async () => {
  const { metadata } = await noted({ submission: asked }, ({ dependencies }, place) =>
    noteMissing(dependencies, place, 4_711),
  )
  expect(metadata.submission).toEqual({ ...asked, missing_since_server_ms: 4_711 })
})

test.each([
  ['doubt', noteDoubt],
  ['a refusal', noteRefusal],
] as const)('%s about no submission changes nothing', async (_, note) => {
  const { scene } = await noted({}, ({ dependencies }, place) => note(dependencies, place))
  expect(namesGiven(scene)).toEqual([])
})

describe('the batch', () => {
  test('is noted by the server’s own time, and what is known of its upload stays', async () => {
    const batch = remoteBatch({
      batchId: 'batch_9',
      inputFileId: null,
      createdAtMs: 123,
      status: 'validating',
    })
    const { metadata } = await noted(
      { input_file_id: 'file-7', submission: asked },
      ({ dependencies }, place) =>
        noteBatch(dependencies, place, { name: 'openai', account: 'host#1' }, batch),
    )
    expect(metadata).toMatchObject({
      batch_id: 'batch_9',
      input_file_id: 'file-7',
      remote_status: 'validating',
      provider: 'openai',
      account: 'host#1',
      submitted_at_ms: 123,
      submission: asked,
    })
  })

  test('is noted by ours where the server says none', async () => {
    const { metadata } = await noted({}, ({ dependencies }, place) =>
      noteBatch(
        dependencies,
        place,
        { name: 'openai' },
        remoteBatch({ createdAtMs: null, inputFileId: 'file-8' }),
      ),
    )
    expect(metadata).toMatchObject({ submitted_at_ms: startAtMs, input_file_id: 'file-8' })
  })
})

describe('want of room', () => {
  test('forgets the batch but not that it was one, so that it is never adopted', async () => {
    const fields = {
      batch_id: 'batch_3',
      remote_status: 'failed',
      output_file_id: 'file-o',
      error_file_id: 'file-e',
      request_counts: { total: 1 },
      submission: { ...asked, refused_batch_ids: ['batch_2', 'batch_1'] },
    }
    const { metadata, result } = await noted(fields, noRoom())
    expect(result).toEqual({ refusals: 1, othersUnderWay: 0 })
    expect(metadata).toMatchObject({
      batch_id: null,
      remote_status: null,
      output_file_id: null,
      error_file_id: null,
      request_counts: null,
      last_refused_batch_id: 'batch_3',
      submission: {
        input_file_id: 'file-1',
        asked_at_ms: null,
        missing_since_server_ms: null,
        refused_batch_ids: ['batch_3', 'batch_2', 'batch_1'],
      },
    })
  })

  test('waits longer each time, and as long as the server says', async () => {
    const waits: number[] = []
    for (const refusals of [0, 1, 2, 20]) {
      const room = refusals === 0 ? null : { since_ms: 5, refusals, next_try_at_ms: 6 }
      const { metadata, result } = await noted({ room }, noRoom())
      expect(result).toMatchObject({ refusals: refusals + 1 })
      expect(metadata.room).toMatchObject({
        since_ms: refusals === 0 ? startAtMs : 5,
        refusals: refusals + 1,
      })
      waits.push((metadata.room?.next_try_at_ms ?? 0) - startAtMs)
    }
    expect(waits.toSorted((left, right) => left - right)).toEqual(waits)
    expect(waits[0]).toBeGreaterThan(0)
    expect(waits[3]).toBeLessThanOrEqual(3_600_000)
    const { metadata } = await noted({}, noRoom(1_800_000))
    expect((metadata.room?.next_try_at_ms ?? 0) - startAtMs).toBeGreaterThanOrEqual(1_800_000)
  })

  test('keeps the id of the batch that was refused before when this time there was none', async () => {
    const { metadata } = await noted({ last_refused_batch_id: 'batch_1', submission: asked }, noRoom())
    expect(metadata.last_refused_batch_id).toBe('batch_1')
    expect(metadata.submission?.refused_batch_ids).toEqual([])
  })

  test('remembers a bounded number of refused batches', async () => {
    const ids = Array.from({ length: 600 }, (_, at) => `batch_${at}`)
    const { metadata } = await noted(
      { batch_id: 'batch_new', submission: { ...asked, refused_batch_ids: ids } },
      noRoom(),
    )
    expect(metadata.submission?.refused_batch_ids).toHaveLength(500)
    expect(metadata.submission?.refused_batch_ids?.[0]).toBe('batch_new')
  })

  test('is judged by the most that was under way since it was sent', async () => {
    const room = { since_ms: 1, refusals: 1, next_try_at_ms: 2, others_under_way: 3 }
    expect((await noted({ room }, noRoom())).result).toEqual({ refusals: 2, othersUnderWay: 3 })
    const { result } = await noted({}, async (scene, place) => {
      scene.put({ ...inputOf(1, '2'), 'workdir/batch_metadata_2.jsonl': metadataText({}) })
      return noRoom()(scene, place)
    })
    expect(result).toEqual({ refusals: 1, othersUnderWay: 1 })
  })

  test('what else is under way is noted only for a batch that was refused before', async () => {
    const room = { since_ms: 1, refusals: 1, next_try_at_ms: 2 }
    expect((await noted({ room }, putAnother)).metadata.room).toEqual({ ...room, others_under_way: 1 })
    expect((await noted({}, putAnother)).metadata.room ?? null).toBe(null)
  })
})

describe('a cancellation', () => {
  test('is noted once: the first wish counts', async () => {
    expect((await noted({}, wish)).metadata.cancel).toEqual({ intended_at_ms: startAtMs })
    const cancel = { intended_at_ms: 1, answered_at_ms: 2 }
    expect((await noted({ cancel }, wish)).metadata.cancel).toEqual(cancel)
  })

  test('is answered once: the first answer counts', async () => {
    expect((await noted({ cancel: { intended_at_ms: 1 } }, answer)).metadata.cancel).toEqual({
      intended_at_ms: 1,
      answered_at_ms: startAtMs,
    })
    const cancel = { intended_at_ms: 1, answered_at_ms: 2 }
    expect((await noted({ cancel }, answer)).metadata.cancel).toEqual(cancel)
    expect((await noted({}, answer)).metadata.cancel ?? null).toBe(null)
  })

  test('of what never became a batch ends the submission', async () => {
    const { metadata } = await noted(
      { submission: asked, cancel: { intended_at_ms: 1 } },
      ({ dependencies }, place) => noteGivenUp(dependencies, place),
    )
    expect(metadata).toMatchObject({
      submission: null,
      cancel: { intended_at_ms: 1, answered_at_ms: startAtMs },
    })
  })
})
