import { renameSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkIds } from '../../src/actors/check-ids.js'
import { moveToDone } from '../../src/actors/move-to-done.js'
import { processOutputFile } from '../../src/actors/process-output-file.js'
import { recordResults } from '../../src/actors/record-results.js'
import { surveyTriple } from '../../src/actors/survey-triple.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk } from '../workspace/support.js'
import {
  answerLine,
  jsonl,
  namesIn,
  noSignal,
  rejection,
  requestLine,
  startAtMs,
  stepScene,
  textOf,
  type StepScene,
} from './support.js'

const rowsPath = 'logs/batch_rows_1.part.jsonl'
const outputPath = 'workdir/batch_output_1.jsonl'
const files = {
  'workdir/batch_input_1.jsonl': jsonl(requestLine('a')),
  [outputPath]: jsonl(answerLine('a', 'yes')),
}
const all = ['batch_input_1.jsonl', 'batch_metadata_1.jsonl', 'batch_output_1.jsonl']

async function published(): Promise<StepScene> {
  const scene = await stepScene(files)
  await scene.take(checkIds)
  await scene.take(processOutputFile)
  await scene.take(recordResults)
  return scene
}

describe('what was proven', () => {
  test('moves, its rows are given up, and the metadata says what moved and when', async () => {
    const scene = await published()
    expect(textOf(scene, rowsPath)).not.toBe(null)
    await scene.take(moveToDone)
    expect(namesIn(scene, 'workdir')).toEqual([])
    expect(namesIn(scene, 'done')).toEqual(all)
    expect(textOf(scene, rowsPath)).toBe(null)
    expect(textOf(scene, 'done/batch_output_1.jsonl')).toBe(files[outputPath])
    const metadata = JSON.parse(textOf(scene, 'done/batch_metadata_1.jsonl') ?? '') as Record<string, unknown>
    expect(metadata['move']).toMatchObject({ intended_at_ms: startAtMs, files: [{}, {}] })
  })

  test.each([
    ['edited', (scene: StepScene) => scene.put({ [outputPath]: files[outputPath].replace('yes', 'yep') })],
    [
      'replaced by another file',
      (scene: StepScene) => {
        scene.put({ other: files[outputPath].replace('yes', 'yep') })
        const path = scene.workspace.layout.workdirFile('output', '1')
        renameSync(path.replace('workdir/batch_output_1.jsonl', 'other'), path)
      },
    ],
    [
      'joined by a file nobody counted',
      (scene: StepScene) => scene.put({ 'workdir/batch_error_1.jsonl': '' }),
    ],
  ])('does not move when it was %s since', async (_, change) => {
    const scene = await published()
    const { workspace, dependencies } = scene
    const facts = await surveyKept(scene)
    change(scene)
    const moving = moveToDone(dependencies, { index: '1', facts }, noSignal)
    expect(await rejection(moving)).toMatchObject({ code: 'FileChangedDuringRun' })
    expect(namesIn(scene, 'done')).toEqual([])
    expect(textOf(scene, 'workdir/batch_metadata_1.jsonl')).toBe(null)
    expect(textOf(scene, rowsPath)).not.toBe(null)
    expect(workspace.root).toBeTypeOf('string')
  })
})

/** The facts that the steps before went by. */
async function surveyKept(scene: StepScene) {
  return surveyTriple(scene.anew(), { index: '1' }, noSignal)
}

describe('a move that was cut short', () => {
  test.each([
    ['the intent', { operation: 'link', path: 'batch_input_1', error: 'crash' }],
    ['the first file', { operation: 'link', path: 'batch_output_1', error: 'crash' }],
    ['the rows were given up', { operation: 'link', path: 'batch_metadata_1', error: 'crash' }],
  ] as const)('after %s is finished by the proof in logs/, without counting again', async (_, rule) => {
    const scene = await published()
    const dying = onDisk(scene.workspace, faultFileSystem(scene.workspace.fileSystem, [rule]))
    const dependencies = { ...scene.dependencies, workspace: dying }
    await expect(scene.take(moveToDone, { dependencies })).rejects.toThrow('the process went')
    const next = scene.anew()
    const facts = await surveyTriple(next, { index: '1' }, noSignal)
    expect(facts.isMoveIntended).toBe(true)
    const events = scene.events.length
    await moveToDone(next, { index: '1', facts }, noSignal)
    expect(scene.events).toHaveLength(events)
    expect(namesIn(scene, 'workdir')).toEqual([])
    expect(namesIn(scene, 'done')).toEqual(all)
    expect(textOf(scene, rowsPath)).toBe(null)
  })

  test('without its proof moves nothing', async () => {
    const scene = await stepScene(files)
    expect(await rejection(scene.take(moveToDone))).toMatchObject({ code: 'ProofMissing' })
    expect(namesIn(scene, 'done')).toEqual([])
  })
})

test('a name that is taken in done/ is a conflict, and the rows are kept', async () => {
  const scene = await published()
  scene.put({ 'done/batch_output_1.jsonl': 'other\n' })
  expect(await rejection(scene.take(moveToDone))).toMatchObject({ code: 'DoneFileConflict' })
  expect(textOf(scene, 'done/batch_output_1.jsonl')).toBe('other\n')
  expect(textOf(scene, rowsPath)).not.toBe(null)
})

test('rows that cannot be removed stop the metadata from following: the next run finds the triple', async () => {
  const scene = await published()
  const stuck = onDisk(
    scene.workspace,
    faultFileSystem(scene.workspace.fileSystem, [
      { operation: 'remove', path: 'batch_rows_1', error: 'EACCES' },
    ]),
  )
  const dependencies = { ...scene.dependencies, workspace: stuck }
  expect(await rejection(scene.take(moveToDone, { dependencies }))).toMatchObject({
    code: 'PermissionDenied',
  })
  expect(namesIn(scene, 'workdir')).toEqual(['batch_metadata_1.jsonl'])
})
