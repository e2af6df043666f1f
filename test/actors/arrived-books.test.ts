import { appendFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { accountForFacts } from '../../src/actors/account-for-facts.js'
import { accountForArrived, ArrivingBooks, type ArrivingFile } from '../../src/actors/arrived-books.js'
import { checkIds } from '../../src/actors/check-ids.js'
import { surveyFacts } from '../../src/actors/survey-triple.js'
import {
  answerLine,
  errorLine,
  idsUpTo,
  inputOf,
  jsonl,
  metadataText,
  noSignal,
  noteMetadata,
  stepScene,
  type StepScene,
} from './support.js'

const requests = 3_000
const ids = idsUpTo(requests)
const words = 'The quick brown fox. '.repeat(150)
/** Above the size from which it is worth it. One answer came twice, one stands among the errors, one is nobody's. */
const outputText = jsonl(
  ...ids.slice(2).map((id) => answerLine(id, `${id}: ${words}`)),
  answerLine('row-7', `row-7: ${words}`),
  answerLine('stranger', 'Who asked?'),
)
const errorText = jsonl(errorLine('row-1'))

/** With an input that was not written just now: one more change of such a file might not show. */
async function sceneWithInput(): Promise<StepScene> {
  const scene = await stepScene({
    ...inputOf(requests),
    'workdir/batch_metadata_1.jsonl': metadataText({}),
  })
  await setTimeout(100)
  return scene
}

function filesOf({ workspace: { layout } }: StepScene): readonly ArrivingFile[] {
  return (['output', 'error'] as const).map((kind) => ({
    kind,
    path: layout.workdirFile(kind, '1'),
    partPath: layout.partFile(kind, '1'),
  }))
}

/** As a download does it: written, counted, renamed. */
async function arrive(books: ArrivingBooks | null, file: ArrivingFile, text: string): Promise<void> {
  books?.begin(file, text.length)
  writeFileSync(file.partPath, '')
  const bytes = Buffer.from(text)
  // Pieces that end anywhere.
  for (let start = 0; start < bytes.length; start += 65_521) {
    const piece = bytes.subarray(start, start + 65_521)
    appendFileSync(file.partPath, piece)
    await books?.push(piece)
  }
  const counted = await books?.finish()
  renameSync(file.partPath, file.path)
  if (counted != null) books?.add(counted)
}

/** Lets output and error file arrive, and keeps the books as the download does. */
async function arriveAll(scene: StepScene, texts = [outputText, errorText]): Promise<void> {
  const files = filesOf(scene)
  const facts = await surveyFacts(scene.workspace, '1')
  const books = ArrivingBooks.begin(scene.dependencies, facts, files, noSignal)
  for (const [position, file] of files.entries()) await arrive(books, file, texts[position] ?? '')
  scene.dependencies.accountings.rememberArrived((await books?.end()) ?? null)
}

async function arrivedOf(scene: StepScene) {
  return accountForArrived(scene.dependencies, await surveyFacts(scene.workspace, '1'))
}

describe('files that are counted while they arrive', () => {
  test('come to the same books as those that are read', async () => {
    const scene = await sceneWithInput()
    await arriveAll(scene)
    const facts = await surveyFacts(scene.workspace, '1')
    const reading = { workspace: scene.workspace, signal: noSignal, onProgress: () => undefined }
    const read = await accountForFacts(reading, facts)
    expect(read.accounting.counts).toMatchObject({ matched: 2_999, missing: 1, unknown: 1, duplicate: 1 })
    const arrived = await arrivedOf(scene)
    expect(arrived?.accounting).toEqual(read.accounting)
    for (const ordinal of ids.keys()) {
      expect(arrived?.ledger.answerAt(ordinal)).toEqual(read.ledger.answerAt(ordinal))
    }
  })

  test('are not read again by the check', async () => {
    const scene = await sceneWithInput()
    await arriveAll(scene)
    const before = scene.log.length
    expect(await scene.take(checkIds)).toMatchObject({ type: 'mismatch', counts: { matched: 2_999 } })
    const opened = scene.log.slice(before).filter(({ operation }) => operation === 'open')
    const names = opened.map(({ path }) => path.slice(path.lastIndexOf('/') + 1))
    expect(names).not.toContain('batch_output_1.jsonl')
    expect(names).not.toContain('batch_input_1.jsonl')
  })

  test.each<readonly [string, (scene: StepScene) => unknown]>([
    ['one of them was written to', (scene) => appendFileSync(filesOf(scene)[1]?.path ?? '', '\n')],
    [
      'the input was, and its time put back',
      (scene) => {
        const path = scene.workspace.layout.workdirFile('input', '1')
        appendFileSync(path, '\n')
        utimesSync(path, 1, 1)
      },
    ],
    [
      'somebody has decided about the triple meanwhile',
      (scene) =>
        noteMetadata(scene, {
          accepted: { accepted_at_ms: 1, missing: true, unrecognised: false, files: [] },
        }),
    ],
  ])('do not count when %s', async (_, change) => {
    const scene = await sceneWithInput()
    await arriveAll(scene)
    await Promise.resolve(change(scene))
    expect(await arrivedOf(scene)).toBeNull()
  })

  test('are given out once: a second look counts anew', async () => {
    const scene = await sceneWithInput()
    await arriveAll(scene)
    expect(await arrivedOf(scene)).not.toBeNull()
    expect(await arrivedOf(scene)).toBeNull()
  })

  test.each([
    ['that are small', [jsonl(answerLine('row-1', 'short')), errorText]],
    ['of which one did not come to its end', [outputText]],
  ])('are not kept when they are some %s', async (_, texts) => {
    const scene = await sceneWithInput()
    const files = filesOf(scene)
    const facts = await surveyFacts(scene.workspace, '1')
    const books = ArrivingBooks.begin(scene.dependencies, facts, files, noSignal)
    for (const [position, text] of texts.entries()) await arrive(books, files[position] as ArrivingFile, text)
    expect(await books?.end()).toBeNull()
  })

  test('are not counted at all where the input is small', async () => {
    const small = await stepScene(inputOf(2))
    const facts = await surveyFacts(small.workspace, '1')
    expect(ArrivingBooks.begin(small.dependencies, facts, filesOf(small), noSignal)).toBeNull()
  })

  test('arrive all the same where the input cannot be read, and are not kept', async () => {
    const scene = await sceneWithInput()
    const there = await surveyFacts(scene.workspace, '1')
    const gone = there.input === null ? there : { ...there, input: { ...there.input, path: '/nowhere' } }
    const files = filesOf(scene)
    const books = ArrivingBooks.begin(scene.dependencies, gone, files, noSignal)
    for (const [position, file] of files.entries())
      await arrive(books, file, [outputText, errorText][position] ?? '')
    expect(books).not.toBeNull()
    expect(await books?.end()).toBeNull()
  })

  test('are asked for while the input is read: nothing is counted before it', async () => {
    const scene = await sceneWithInput()
    const files = filesOf(scene)
    const facts = await surveyFacts(scene.workspace, '1')
    const before = scene.log.length
    const books = ArrivingBooks.begin(scene.dependencies, facts, files, noSignal)
    // The caller has the books before the input was read.
    expect(scene.log.slice(before).filter(({ operation }) => operation === 'read')).toEqual([])
    for (const [position, file] of files.entries())
      await arrive(books, file, [outputText, errorText][position] ?? '')
    expect((await books?.end())?.files.map(({ kind }) => kind)).toEqual(['input', 'output', 'error'])
  })
})
