import { expect, test } from 'vitest'
import { processErrorFile } from '../../src/actors/process-error-file.js'
import { processOutputFile } from '../../src/actors/process-output-file.js'
import { unansweredLine } from '../engine/lines.js'
import { answerLine, errorLine, jsonl, rejection, requestLine, rowsOf, stepScene } from './support.js'

const logPath = 'logs/batch_expansion_error_log_1.jsonl'
const input = jsonl(...['a', 'b', 'c', 'd'].map((id) => requestLine(id)))

test('failed rows are grouped by what went wrong, the largest group first', async () => {
  const scene = await stepScene({
    'workdir/batch_input_1.jsonl': input,
    'workdir/batch_error_1.jsonl': jsonl(
      errorLine('a', 400, 'odd'),
      unansweredLine('b', 'server_error'),
      unansweredLine('c', 'server_error'),
    ),
    'workdir/batch_output_1.jsonl': jsonl(answerLine('d', 'yes')),
  })
  await scene.take(processErrorFile)
  expect(rowsOf(scene, logPath)).toMatchObject([
    { outcome: 'transient', code: 'server_error', count: 2 },
    { outcome: 'permanent', code: 'odd', count: 1 },
  ])
  expect(scene.events.at(-1)).toMatchObject({
    type: 'errors.grouped',
    index: '1',
    groups: [
      { code: 'server_error', count: 2, sampleIds: ['b', 'c'] },
      { code: 'odd', count: 1, sampleIds: ['a'] },
    ],
  })
})

test('rows of an interrupted run are among them, and those of the other file', async () => {
  const scene = await stepScene({
    'workdir/batch_input_1.jsonl': input,
    'workdir/batch_error_1.jsonl': jsonl(errorLine('a', 400, 'odd')),
    'workdir/batch_output_1.jsonl': jsonl(
      ...['b', 'c'].map((id) => answerLine(id, 'yes')),
      errorLine('d', 400, 'other'),
    ),
  })
  await scene.take(processErrorFile)
  await scene.take(processOutputFile)
  expect(rowsOf(scene, logPath).map(({ code }) => code)).toEqual(['odd', 'other'])
})

test('nothing is written where nothing failed', async () => {
  const scene = await stepScene({
    'workdir/batch_input_1.jsonl': jsonl(requestLine('a')),
    'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'yes')),
  })
  await scene.take(processOutputFile)
  expect(rowsOf(scene, logPath)).toEqual([])
  expect(scene.events.map(({ type }) => type)).not.toContain('errors.grouped')
})

test('a full disk is named', async () => {
  const scene = await stepScene(
    {
      'workdir/batch_input_1.jsonl': jsonl(requestLine('a')),
      'workdir/batch_error_1.jsonl': jsonl(errorLine('a')),
    },
    { rules: [{ operation: 'write', path: 'expansion_error_log', error: 'ENOSPC' }] },
  )
  expect(await rejection(scene.take(processErrorFile))).toMatchObject({
    code: 'DiskFull',
    message: expect.stringContaining('batch_expansion_error_log_1.jsonl'),
  })
})
