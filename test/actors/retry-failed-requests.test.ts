import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { processErrorFile } from '../../src/actors/process-error-file.js'
import { processOutputFile } from '../../src/actors/process-output-file.js'
import { retryFailedRequests } from '../../src/actors/retry-failed-requests.js'
import { giveLeave } from '../../src/engine/give-leave.js'
import { CrashError, faultFileSystem } from '../fakes/fault-file-system.js'
import { steppingFileSystem } from '../fakes/stepping-file-system.js'
import { sha256 } from '../engine/workspaces.js'
import { onDisk } from '../workspace/support.js'
import {
  answerLine,
  errorLine,
  jsonl,
  metadataOf,
  metadataText,
  namesGiven,
  namesIn,
  noteMetadata,
  rejection,
  requestLine,
  startAtMs,
  stepScene,
  textOf,
  type SceneOptions,
  type StepScene,
} from './support.js'

/** As people format by hand: a retry has to keep every space of it. */
const oddRequest = `{ "custom_id" : "b",\t"method":"POST", "url":"/v1/chat/completions" , "body":{"n":1.0} }`

/** `a` succeeds, `b` and `d` fail for a passing reason, `c` fails for good. */
const files = {
  'workdir/batch_input_1.jsonl': jsonl(requestLine('a'), oddRequest, requestLine('c'), requestLine('d')),
  'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'yes')),
  'workdir/batch_error_1.jsonl': jsonl(
    errorLine('d', 500, 'server_error'),
    errorLine('c'),
    errorLine('b', 500, 'server_error'),
  ),
}
const metadata = (fields: Readonly<Record<string, unknown>> = {}): Record<string, string> => ({
  'workdir/batch_metadata_1.jsonl': metadataText({
    endpoint: '/v1/chat/completions',
    model: 'gpt-4o-mini',
    content_type: 'json',
    ...fields,
  }),
})

/** Both files are processed, as before every retry. */
async function processed(more: Record<string, string> = {}, options: SceneOptions = {}): Promise<StepScene> {
  const scene = await stepScene({ ...files, ...more }, options)
  await scene.take(processErrorFile)
  await scene.take(processOutputFile)
  return scene
}

/** A crash came between the input of the retry and the note of its hash. */
async function withoutInputHash(): Promise<{ readonly scene: StepScene; readonly index: string }> {
  const scene = await processed()
  const { retryIndex } = await scene.take(retryFailedRequests)
  const index = retryIndex ?? ''
  await noteMetadata(scene, { input_sha256: undefined }, index)
  return { scene, index }
}

/** What only the retry wrote. */
const writtenSince = (scene: StepScene, before: number): string[] =>
  namesGiven({ workspace: scene.workspace, log: scene.log.slice(before) })

describe('the retry of what failed for a passing reason', () => {
  test('holds those requests byte for byte, in the order of the input, with its lineage', async () => {
    const scene = await processed(metadata({ attempt: 2, root_index: '9', parent_index: '8' }))
    const result = await scene.take(retryFailedRequests)
    const retryIndex = result.retryIndex ?? ''
    expect(result).toEqual({ retryIndex, retryIndices: [retryIndex], requests: 2 })
    const input = jsonl(oddRequest, requestLine('d'))
    expect(textOf(scene, `workdir/batch_input_${retryIndex}.jsonl`)).toBe(input)
    expect(await metadataOf(scene, retryIndex)).toMatchObject({
      batch_id: null,
      input_file_id: null,
      endpoint: '/v1/chat/completions',
      model: 'gpt-4o-mini',
      content_type: 'json',
      attempt: 3,
      parent_index: '1',
      root_index: '9',
      request_count: 2,
      input_sha256: sha256(input),
      created_at_ms: startAtMs,
    })
    expect(scene.events.at(-1)).toEqual({
      type: 'retry.written',
      index: '1',
      retryIndex,
      requests: 2,
      path: scene.workspace.layout.workdirFile('input', retryIndex),
      willBeSubmitted: true,
    })
  })

  test('has its metadata before its input: an input alone would be a root of its own, and sent as one', async () => {
    const scene = await processed()
    const before = scene.log.length
    const { retryIndex } = await scene.take(retryFailedRequests)
    expect(writtenSince(scene, before)).toEqual([
      `workdir/batch_metadata_${retryIndex}.jsonl`,
      `workdir/batch_input_${retryIndex}.jsonl`,
      `workdir/batch_metadata_${retryIndex}.jsonl`,
    ])
  })

  test('has its lineage before the input appears, whatever a crash leaves', async () => {
    const scene = await processed()
    const before = scene.log.length
    const { retryIndex } = await scene.take(retryFailedRequests)
    const nth = scene.log.slice(before).findIndex(({ to }) => to?.includes('batch_input_') === true)
    expect(nth).toBeGreaterThan(0)

    const crashed = await processed()
    const workspace = onDisk(
      crashed.workspace,
      faultFileSystem(crashed.workspace.fileSystem, [
        { operation: 'rename', path: 'batch_input_', error: 'crash' },
      ]),
    )
    const dying = crashed.take(retryFailedRequests, { dependencies: crashed.anew({ workspace }) })
    await expect(dying).rejects.toThrow(CrashError)
    expect(await metadataOf(crashed, retryIndex ?? '')).toMatchObject({
      attempt: 2,
      parent_index: '1',
      root_index: '1',
      request_count: 2,
    })
    expect(textOf(crashed, `workdir/batch_input_${retryIndex}.jsonl`)).toBe(null)
    expect(await crashed.take(retryFailedRequests)).toMatchObject({ retryIndex, requests: 2 })
  })

  test('is made once: the same failure gives the same triple, and what is known of its batch stays', async () => {
    const scene = await processed()
    const first = await scene.take(retryFailedRequests)
    const index = first.retryIndex ?? ''
    await noteMetadata(
      scene,
      { batch_id: 'batch_9', submission: { intent_key: 'k', intended_at_ms: 1 } },
      index,
    )
    const names = namesIn(scene, 'workdir')
    expect(await scene.take(retryFailedRequests, { dependencies: scene.anew() })).toEqual(first)
    expect(namesIn(scene, 'workdir')).toEqual(names)
    expect(await metadataOf(scene, index)).toMatchObject({
      batch_id: 'batch_9',
      submission: { intent_key: 'k' },
      created_at_ms: startAtMs,
    })
  })

  test('keeps what its own steps note while its parent is processed again, also after a crash', async () => {
    const own = { batch_id: 'batch_9', model: 'gpt-4o', endpoint: '/v1/responses' }
    const takeNoting = async (nth: number): Promise<number> => {
      const { scene, index } = await withoutInputHash()
      let operations = 0
      let noting: Promise<unknown> = Promise.resolve()
      const fileSystem = steppingFileSystem(scene.workspace.fileSystem, async () => {
        operations += 1
        if (operations === nth) noting = noteMetadata(scene, own, index)
        await setImmediate()
      })
      const workspace = onDisk(scene.workspace, fileSystem)
      await scene.take(retryFailedRequests, { dependencies: scene.anew({ workspace }) })
      await noting
      expect(await metadataOf(scene, index), `noted before operation ${nth}`).toMatchObject({
        ...(nth > 0 && own),
        parent_index: '1',
        input_sha256: sha256(jsonl(oddRequest, requestLine('d'))),
      })
      return operations
    }
    const operations = await takeNoting(0)
    expect(operations).toBeGreaterThan(20)
    for (let nth = 1; nth <= operations; nth += 1) await takeNoting(nth)
  })

  test('needs no second leave when its parent is processed again', async () => {
    const scene = await acceptedWithoutAnswers()
    const { retryIndex } = await scene.take(retryFailedRequests)
    const path = scene.workspace.layout.workdirFile('metadata', retryIndex ?? '')
    expect(await giveLeave(scene.workspace, path)).toBe(true)
    await scene.take(retryFailedRequests, { dependencies: scene.anew() })
    expect(await metadataOf(scene, retryIndex ?? '')).toMatchObject({ needs_leave: null })
  })

  test('is not written again once it has been through everything', async () => {
    const scene = await processed()
    const { retryIndex } = await scene.take(retryFailedRequests)
    const again = await processed({ [`done/batch_input_${retryIndex}.jsonl`]: 'any\n' })
    expect(await again.take(retryFailedRequests)).toEqual({
      retryIndex,
      retryIndices: [retryIndex],
      requests: 2,
    })
    expect(namesIn(again, 'workdir')).toEqual(
      ['error', 'input', 'output'].map((kind) => `batch_${kind}_1.jsonl`),
    )
  })

  test.each([
    ['this run has no server', { provider: null }],
    ['retries have no leave', { maySubmitRetries: false }],
  ])('waits where %s, and says so', async (_, dependencies) => {
    const scene = await processed({}, { dependencies })
    await scene.take(retryFailedRequests)
    expect(scene.events.at(-1)).toMatchObject({ type: 'retry.written', willBeSubmitted: false })
  })

  test('stops where the input is not the one that was sent, and writes nothing', async () => {
    const scene = await processed(metadata({ input_sha256: sha256('another input') }))
    const before = scene.log.length
    expect(await rejection(scene.take(retryFailedRequests))).toMatchObject({ code: 'InputChanged' })
    expect(writtenSince(scene, before)).toEqual([])
  })

  test('leaves another file of its name alone', async () => {
    const scene = await processed()
    const { retryIndex } = await scene.take(retryFailedRequests)
    const path = `workdir/batch_input_${retryIndex}.jsonl`
    scene.put({ [path]: 'somebody else\n' })
    expect(await rejection(scene.take(retryFailedRequests))).toMatchObject({ code: 'RetryInputConflict' })
    expect(textOf(scene, path)).toBe('somebody else\n')
  })
})

describe('no retry is written', () => {
  const nothing = { retryIndex: null, retryIndices: [], requests: 0 }

  test('where nothing failed for a passing reason', async () => {
    const scene = await processed({
      'workdir/batch_error_1.jsonl': jsonl(...['b', 'c', 'd'].map((id) => errorLine(id))),
    })
    expect(await scene.take(retryFailedRequests)).toEqual(nothing)
    expect(namesIn(scene, 'workdir')).toHaveLength(3)
  })

  test('of the last attempt', async () => {
    const scene = await processed(metadata({ attempt: 3 }))
    expect(await scene.take(retryFailedRequests)).toEqual(nothing)
  })

  test('of what somebody cancelled, here or at the server', async () => {
    for (const fields of [{ cancel: { intended_at_ms: 1 } }, { remote_status: 'cancelled' }]) {
      const scene = await processed(metadata(fields))
      expect(await scene.take(retryFailedRequests)).toEqual(nothing)
      expect(namesIn(scene, 'workdir')).toHaveLength(4)
    }
  })
})

test('a batch that was too large goes on in parts that keep its attempt and share its requests in order', async () => {
  const split = { parts: 2, reason: 'token_limit_exceeded', decided_at_ms: 1 }
  const ids = ['a', 'b', 'c', 'd', 'e']
  const scene = await stepScene({
    'workdir/batch_input_1.jsonl': jsonl(...ids.map((id) => requestLine(id))),
    ...metadata({ batch_id: '', split }),
  })
  await scene.take(processErrorFile)
  const result = await scene.take(retryFailedRequests)
  expect(result).toMatchObject({ retryIndex: result.retryIndices?.[0], requests: 5 })
  const parts = (result.retryIndices ?? []).map((index) =>
    textOf(scene, `workdir/batch_input_${index}.jsonl`),
  )
  expect(parts).toEqual([
    jsonl(...['a', 'b', 'c'].map((id) => requestLine(id))),
    jsonl(...['d', 'e'].map((id) => requestLine(id))),
  ])
  for (const index of result.retryIndices ?? []) {
    expect(await metadataOf(scene, index)).toMatchObject({ attempt: 1, parent_index: '1', root_index: '1' })
  }
})

/** Two requests were sent and have no answer, which somebody accepted. */
async function acceptedWithoutAnswers(): Promise<StepScene> {
  const scene = await stepScene({
    ...files,
    'workdir/batch_error_1.jsonl': jsonl(errorLine('c')),
    ...metadata({ remote_status: 'completed' }),
  })
  await noteMetadata(scene, {
    accepted: {
      accepted_at_ms: 1,
      missing: true,
      unrecognised: false,
      files: (['input', 'output', 'error'] as const).map((kind) => {
        const text = textOf(scene, `workdir/batch_${kind}_1.jsonl`) ?? ''
        return { kind, bytes: Buffer.byteLength(text), sha256: sha256(text) }
      }),
    },
  })
  await scene.take(processErrorFile)
  await scene.take(processOutputFile)
  return scene
}

test('requests whose missing answers were accepted wait for leave: they may be paid for', async () => {
  const scene = await acceptedWithoutAnswers()
  const { retryIndex, requests } = await scene.take(retryFailedRequests)
  expect(requests).toBe(2)
  expect(await metadataOf(scene, retryIndex ?? '')).toMatchObject({ needs_leave: true })
  expect(scene.events.at(-1)).toMatchObject({
    type: 'retry.written',
    willBeSubmitted: false,
    path: scene.workspace.layout.workdirFile('input', retryIndex ?? ''),
  })
})
