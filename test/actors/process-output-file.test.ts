import { expect, test } from 'vitest'
import { processOutputFile } from '../../src/actors/process-output-file.js'
import { answerLine, errorLine, jsonl, rejection, requestLine, rowsOf, stepScene } from './support.js'

const files = {
  'workdir/batch_input_1.jsonl': jsonl(requestLine('a'), requestLine('b')),
  'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'yes'), errorLine('b', 400, 'odd')),
}

test('every row of the output file is processed, failed ones too, and these are logged', async () => {
  const ids: string[] = []
  const note = ({ customId }: { readonly customId: string }): void => void ids.push(customId)
  const scene = await stepScene(files, { dependencies: { processOutput: note, processErrors: note } })
  const { rows } = await scene.take(processOutputFile)
  expect(ids).toEqual(['a', 'b'])
  expect(rows).toMatchObject({ success: 1, permanent: 1, retryable: 0 })
  expect(rowsOf(scene, 'logs/batch_expansion_error_log_1.jsonl')).toMatchObject([{ code: 'odd', count: 1 }])
})

test('nothing is logged after a callback threw', async () => {
  const scene = await stepScene(files, {
    dependencies: {
      processErrors: () => {
        throw new Error('no')
      },
    },
  })
  expect((await rejection(scene.take(processOutputFile))).code).toBe('ProcessorThrew')
  expect(rowsOf(scene, 'logs/batch_expansion_error_log_1.jsonl')).toEqual([])
})
