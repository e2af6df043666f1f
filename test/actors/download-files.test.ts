import { describe, expect, test } from 'vitest'
import { checkOnline } from '../../src/actors/check-online.js'
import { downloadFiles } from '../../src/actors/download-files.js'
import { faults } from '../../src/testing/index.js'
import { sha256 } from '../engine/workspaces.js'
import {
  callsOf,
  inputOf,
  metadataText,
  namesIn,
  noteMetadata,
  recordingProvider,
  rejection,
  stepScene,
  submitted,
  textOf,
  type SceneOptions,
  type StepScene,
} from './support.js'

const outputPath = 'workdir/batch_output_1.jsonl'
const errorPath = 'workdir/batch_error_1.jsonl'

/** The batch of triple 1 has ended, and its metadata names the files: one answer, one error. */
async function ended(options: SceneOptions = {}): Promise<StepScene> {
  const rows = [{ when: 'row-2', answer: 'bad-request' as const }]
  const scene = await stepScene(inputOf(2), { defaults: { rows }, ...options })
  await submitted(scene)
  scene.server.finishBatches()
  await scene.take(checkOnline)
  return scene
}

function trueText({ server }: StepScene, kind: 'output' | 'error'): string {
  const id = server.batches()[0]?.[`${kind}_file_id`] ?? ''
  return Buffer.from(server.fileBytes(id) ?? []).toString()
}

describe('the files that the metadata names', () => {
  test('are fetched byte for byte, and every byte is told', async () => {
    const scene = await ended()
    await scene.take(downloadFiles)
    expect(textOf(scene, outputPath)).toBe(trueText(scene, 'output'))
    expect(textOf(scene, errorPath)).toBe(trueText(scene, 'error'))
    const bytes = scene.events.flatMap((event) => (event.type === 'bytes.downloaded' ? [event.bytes] : []))
    const whole = Buffer.byteLength(trueText(scene, 'output') + trueText(scene, 'error'))
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBe(whole)
    expect(namesIn(scene, 'workdir')).toHaveLength(4)
  })

  test('are not fetched again when they are here', async () => {
    const scene = await ended()
    await scene.take(downloadFiles)
    const calls = callsOf(scene).length
    await scene.take(downloadFiles)
    expect(callsOf(scene)).toHaveLength(calls)
  })

  test('are each a fact of its own: the one that is missing is fetched, the other left', async () => {
    const scene = await ended()
    scene.put({ [outputPath]: 'as it is\n' })
    await scene.take(downloadFiles)
    expect(textOf(scene, outputPath)).toBe('as it is\n')
    expect(textOf(scene, errorPath)).toBe(trueText(scene, 'error'))
  })

  test('are none where no file is named', async () => {
    const scene = await stepScene({ ...inputOf(1), 'workdir/batch_metadata_1.jsonl': metadataText({}) })
    await scene.take(downloadFiles)
    expect(callsOf(scene)).toEqual([])
  })
})

describe('a download that is cut', () => {
  test('leaves nothing under the name of the file, and nothing beside it', async () => {
    const scene = await ended()
    scene.server.script(faults.downloadCut('reset', { times: Infinity }))
    await rejection(scene.take(downloadFiles))
    expect(namesIn(scene, 'workdir')).toEqual(['batch_input_1.jsonl', 'batch_metadata_1.jsonl'])
  })

  test('of an earlier run is begun anew', async () => {
    const scene = await ended()
    scene.put({ [`${outputPath}.part`]: 'the beginning of another' })
    await scene.take(downloadFiles)
    expect(textOf(scene, outputPath)).toBe(trueText(scene, 'output'))
    expect(namesIn(scene, 'workdir').filter((name) => name.endsWith('.part'))).toEqual([])
  })
})

describe('all files anew', () => {
  test('take the place of those in workdir/, which are kept under a name of their own', async () => {
    const scene = await ended()
    scene.put({ [outputPath]: 'cut\n' })
    await scene.take(downloadFiles, { wanted: 'all-anew' })
    expect(textOf(scene, outputPath)).toBe(trueText(scene, 'output'))
    const kept = `failed-items/batch_superseded_output_1_${sha256('cut\n').slice(0, 12)}.jsonl`
    expect(textOf(scene, kept)).toBe('cut\n')
  })

  test('of the same bytes leave no second copy', async () => {
    const scene = await ended()
    await scene.take(downloadFiles)
    await scene.take(downloadFiles, { wanted: 'all-anew' })
    expect(namesIn(scene, 'failed-items')).toEqual([])
    expect(callsOf(scene).filter((name) => name === 'files.content')).toHaveLength(4)
  })

  test('stand beside those in done/, which are never replaced', async () => {
    const scene = await ended()
    scene.put({ 'done/batch_output_1.jsonl': 'moved\n' })
    await scene.take(downloadFiles, { wanted: 'all-anew' })
    expect(textOf(scene, 'done/batch_output_1.jsonl')).toBe('moved\n')
    expect(textOf(scene, outputPath)).toBe(trueText(scene, 'output'))
  })
})

test('a download that fails after the other file has arrived is tried again, and goes on with what is missing', async () => {
  const scene = await ended()
  scene.server.script(faults.connectionReset('files.content', { skip: 1 }))
  expect((await rejection(scene.take(downloadFiles))).code).toBe('NetworkError')
  const [arrived] = namesIn(scene, 'workdir').filter((name) => name.startsWith('batch_output'))
  expect(arrived).toBe('batch_output_1.jsonl')
  // As the machine tries it again: with the facts of before.
  await scene.take(downloadFiles, { facts: { output: null, error: null } })
  expect(textOf(scene, outputPath)).toBe(trueText(scene, 'output'))
  expect(textOf(scene, 'workdir/batch_error_1.jsonl')).toBe(trueText(scene, 'error'))
  expect(callsOf(scene).filter((name) => name === 'files.content')).toHaveLength(3)
})

describe('a file that appears', () => {
  test.each([
    ['output', 'OutputFileAlreadyExists'],
    ['error', 'ErrorFileAlreadyExists'],
  ] as const)('before the download is not overwritten: %s', async (kind, code) => {
    const scene = await ended()
    const path = `workdir/batch_${kind}_1.jsonl`
    scene.put({ [path]: 'somebody else\n' })
    expect((await rejection(scene.take(downloadFiles, { facts: { [kind]: null } }))).code).toBe(code)
    expect(textOf(scene, path)).toBe('somebody else\n')
  })

  test('while it is downloaded is not overwritten either', async () => {
    const scene = await ended()
    const provider = recordingProvider({
      download: async (_, write) => {
        await write(Buffer.from('ours\n'))
        scene.put({ [outputPath]: 'somebody else\n' })
        return { bytes: 5 }
      },
    })
    const downloading = scene.take(downloadFiles, { dependencies: scene.anew({ provider }) })
    expect((await rejection(downloading)).code).toBe('OutputFileAlreadyExists')
    expect(textOf(scene, outputPath)).toBe('somebody else\n')
    expect(namesIn(scene, 'workdir').filter((name) => name.includes('part'))).toEqual([])
  })
})

test('a run without server says that it has none', async () => {
  const scene = await stepScene({ ...inputOf(1), 'workdir/batch_metadata_1.jsonl': metadataText({}) })
  await noteMetadata(scene, { output_file_id: 'file-o' })
  const dependencies = scene.anew({ provider: null })
  expect((await rejection(scene.take(downloadFiles, { dependencies }))).code).toBe('NoProvider')
})

test('a full disk is named with the file that did not fit', async () => {
  const scene = await ended({ rules: [{ operation: 'write', path: '.part', error: 'ENOSPC' }] })
  expect(await rejection(scene.take(downloadFiles))).toMatchObject({
    code: 'DiskFull',
    message: expect.stringContaining('batch_output_1.jsonl'),
  })
  expect(namesIn(scene, 'workdir')).toEqual(['batch_input_1.jsonl', 'batch_metadata_1.jsonl'])
})
