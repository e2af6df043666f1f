import { describe, expect, test } from 'vitest'
import { accountAs, accountForFacts } from '../../src/actors/account-for-facts.js'
import { surveyFacts } from '../../src/actors/survey-triple.js'
import { sha256 } from '../engine/workspaces.js'
import {
  answerLine,
  jsonl,
  metadataText,
  noSignal,
  noteMetadata,
  rejection,
  requestLine,
  stepScene,
  textOf,
  type StepScene,
} from './support.js'

const files = {
  'workdir/batch_input_1.jsonl': jsonl(requestLine('a'), requestLine('b')),
  'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'yes')),
}
const reading = ({ workspace }: StepScene) => ({ workspace, signal: noSignal, onProgress: () => {} })

async function verdictOf(scene: StepScene): Promise<string> {
  const facts = await surveyFacts(scene.workspace, '1')
  return (await accountForFacts(reading(scene), facts)).accounting.verdict.type
}

/** Somebody accepts that answers are missing, of files with these texts. */
async function accept(scene: StepScene, outputText: string): Promise<void> {
  const texts = { input: textOf(scene, 'workdir/batch_input_1.jsonl') ?? '', output: outputText }
  const accepted = Object.entries(texts).map(([kind, text]) => ({
    kind,
    bytes: Buffer.byteLength(text),
    sha256: sha256(text),
  }))
  await noteMetadata(scene, {
    accepted: { accepted_at_ms: 1, missing: true, unrecognised: false, files: accepted },
  })
}

test('nothing is accepted unless somebody did', async () => {
  expect(await verdictOf(await stepScene(files))).toBe('ids-missing')
  const scene = await stepScene({ ...files, 'workdir/batch_metadata_1.jsonl': metadataText({}) })
  expect(await verdictOf(scene)).toBe('ids-missing')
})

describe('what somebody accepted', () => {
  test('counts for the very files it was about', async () => {
    const scene = await stepScene(files)
    await accept(scene, files['workdir/batch_output_1.jsonl'])
    expect(await verdictOf(scene)).toBe('balanced-with-missing')
  })

  test('says nothing of other bytes, also of the same size', async () => {
    const scene = await stepScene(files)
    await accept(scene, files['workdir/batch_output_1.jsonl'].replace('yes', 'yep'))
    expect(await verdictOf(scene)).toBe('ids-missing')
  })
})

test('a batch that was cut short has requests that were not executed', async () => {
  const scene = await stepScene({
    ...files,
    'workdir/batch_metadata_1.jsonl': metadataText({ remote_status: 'expired' }),
  })
  expect(await verdictOf(scene)).toBe('balanced-with-missing')
})

test('a decision that is not noted yet can be tried', async () => {
  const scene = await stepScene(files)
  const facts = await surveyFacts(scene.workspace, '1')
  const tried = await accountAs(reading(scene), facts, { missing: true, unrecognised: false, keep: null })
  expect(tried.accounting.verdict.type).toBe('balanced-with-missing')
})

test('without an input there is nothing to count by', async () => {
  const scene = await stepScene({ 'workdir/batch_output_1.jsonl': files['workdir/batch_output_1.jsonl'] })
  const facts = await surveyFacts(scene.workspace, '1')
  const nothing = { missing: false, unrecognised: false, keep: null }
  expect(await rejection((async () => accountAs(reading(scene), facts, nothing))())).toMatchObject({
    code: 'MissingFilePath',
    message: expect.stringContaining('Triple 1'),
  })
})
