import { expect, test } from 'vitest'
import { processErrorFile } from '../../src/actors/process-error-file.js'
import { answerLine, errorLine, jsonl, metadataText, requestLine, rowsOf, stepScene } from './support.js'

const files = {
  'workdir/batch_input_1.jsonl': jsonl(...['a', 'b', 'c'].map((id) => requestLine(id))),
  'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'yes')),
  'workdir/batch_error_1.jsonl': jsonl(errorLine('b', 400, 'odd')),
  'workdir/batch_metadata_1.jsonl': metadataText({ remote_status: 'expired' }),
}

test('every error row is processed, and what the batch never ran; the output is left to its own step', async () => {
  const ids: string[] = []
  const note = ({ customId }: { readonly customId: string }): void => void ids.push(customId)
  const scene = await stepScene(files, { dependencies: { processOutput: note, processErrors: note } })
  const { rows } = await scene.take(processErrorFile)
  expect(ids).toEqual(['b', 'c'])
  expect(rows).toMatchObject({ success: 0, permanent: 1, notExecuted: 1, retryable: 1 })
  const log = rowsOf(scene, 'logs/batch_expansion_error_log_1.jsonl')
  expect(log.map(({ code }) => code).toSorted()).toEqual(['batch_expired', 'odd'])
})
