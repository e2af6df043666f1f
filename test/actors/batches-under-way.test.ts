import { expect, test } from 'vitest'
import { countBatchesUnderWay } from '../../src/actors/batches-under-way.js'
import { inputOf, metadataText, stepScene } from './support.js'

const counted = async (files: Record<string, string>): Promise<number> => {
  const scene = await stepScene({
    ...inputOf(1),
    'workdir/batch_metadata_1.jsonl': metadataText({ remote_status: 'in_progress' }),
    ...files,
  })
  return countBatchesUnderWay(scene.workspace, '1')
}
const other = (fields: Readonly<Record<string, unknown>>): Record<string, string> => ({
  ...inputOf(1, '2'),
  'workdir/batch_metadata_2.jsonl': metadataText(fields),
})
const submission = { intent_key: 'k', intended_at_ms: 1, input_file_id: 'file-2' }

test('the triple that asks does not count, nor an input that was never sent', async () => {
  expect(await counted({})).toBe(0)
  expect(await counted(inputOf(1, '2'))).toBe(0)
})

test.each([
  ['runs', { remote_status: 'in_progress' }, 1],
  ['was never asked for', { remote_status: null }, 1],
  ['has a status nobody knows', { remote_status: 'pondering' }, 1],
  ['is being cancelled', { remote_status: 'cancelling' }, 1],
  ['completed', { remote_status: 'completed' }, 0],
  ['failed', { remote_status: 'failed' }, 0],
  ['expired', { remote_status: 'expired' }, 0],
  ['was cancelled', { remote_status: 'cancelled' }, 0],
  ['may have been made', { batch_id: '', submission: { ...submission, asked_at_ms: 5 } }, 1],
  ['was refused', { batch_id: '', submission: { ...submission, asked_at_ms: null } }, 0],
  ['was only intended', { batch_id: '', submission }, 0],
])('another batch that %s', async (_, fields, count) => {
  expect(await counted(other(fields))).toBe(count)
})

test.each(['output', 'error'])('another batch whose %s file is here has ended', async (kind) => {
  const files = { ...other({ remote_status: 'in_progress' }), [`workdir/batch_${kind}_2.jsonl`]: '' }
  expect(await counted(files)).toBe(0)
})

test('metadata that cannot be read may be that of a running batch', async () => {
  expect(await counted({ ...inputOf(1, '2'), 'workdir/batch_metadata_2.jsonl': '{' })).toBe(1)
})

test('all of them are counted', async () => {
  const third = { ...inputOf(1, '3'), 'workdir/batch_metadata_3.jsonl': metadataText({}) }
  expect(await counted({ ...other({ remote_status: 'validating' }), ...third })).toBe(2)
})
