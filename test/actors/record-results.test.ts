import { describe, expect, test } from 'vitest'
import { noRows } from '../../machines/index.js'
import { processErrorFile } from '../../src/actors/process-error-file.js'
import { processOutputFile } from '../../src/actors/process-output-file.js'
import { recordResults } from '../../src/actors/record-results.js'
import {
  answerLine,
  errorLine,
  jsonl,
  metadataText,
  namesIn,
  rejection,
  requestLine,
  rowsOf,
  startAtMs,
  stepScene,
  textOf,
  type StepScene,
} from './support.js'

const resultsPath = 'target/batch_results_1.jsonl'
const failedPath = 'failed-items/batch_failed_1.jsonl'

const files = {
  'workdir/batch_input_1.jsonl': jsonl(...['a', 'b', 'c'].map((id) => requestLine(id))),
  'workdir/batch_output_1.jsonl': jsonl(answerLine('c', 'three'), answerLine('a', 'one')),
  'workdir/batch_error_1.jsonl': jsonl(errorLine('b')),
}

async function processed(more: Record<string, string> = {}): Promise<StepScene> {
  const scene = await stepScene({ ...files, ...more })
  await scene.take(processErrorFile)
  await scene.take(processOutputFile)
  return scene
}

const outcomes = (scene: StepScene, path = resultsPath) =>
  rowsOf(scene, path).map(
    (row) => `${String(row['custom_id'])} ${String(row['outcome'])} ${String(row['attempt'])}`,
  )

describe('results', () => {
  test('hold one row for each request in the order of the input, and failures once more for themselves', async () => {
    const scene = await processed()
    await scene.take(recordResults)
    expect(outcomes(scene)).toEqual(['a success 1', 'b permanent 1', 'c success 1'])
    expect(rowsOf(scene, failedPath)).toMatchObject([{ custom_id: 'b' }])
    expect(scene.events.at(-1)).toEqual({
      type: 'results.published',
      index: '1',
      path: scene.workspace.layout.resultsFile('1'),
      rows: 3,
      lineageRows: { ...noRows, success: 2, permanent: 1 },
      failedForGood: { ...noRows, permanent: 1 },
    })
  })

  test('are the same when they are published again', async () => {
    const scene = await processed()
    await scene.take(recordResults)
    const [results, failed] = [textOf(scene, resultsPath), textOf(scene, failedPath)]
    await scene.take(recordResults, { dependencies: scene.anew() })
    expect([textOf(scene, resultsPath), textOf(scene, failedPath)]).toEqual([results, failed])
  })

  test.each(['input', 'output', 'error'])(
    'are not published when the %s file is no longer the one that was counted',
    async (kind) => {
      const scene = await processed()
      const path = `workdir/batch_${kind}_1.jsonl` as keyof typeof files
      // The same size: only the bytes tell.
      const text = files[path]
      scene.put({ [path]: text.replace('"custom_id"', '"custom#id"') })
      expect(await rejection(scene.take(recordResults))).toMatchObject({ code: 'FileChangedDuringRun' })
      expect(namesIn(scene, 'target')).toEqual([])
    },
  )

  test('of a retry take the place of its rows in the results of the root', async () => {
    const lineage = { attempt: 2, root_index: '1', parent_index: '1' }
    const scene = await processed({
      'workdir/batch_input_2.jsonl': jsonl(requestLine('b')),
      'workdir/batch_output_2.jsonl': jsonl(answerLine('b', 'two')),
      'workdir/batch_metadata_2.jsonl': metadataText(lineage),
    })
    await scene.take(recordResults)
    const retry = { index: '2', dependencies: scene.anew() }
    await scene.take(processOutputFile, retry)
    await scene.take(recordResults, retry)
    expect(outcomes(scene)).toEqual(['a success 1', 'b success 2', 'c success 1'])
    expect(namesIn(scene, 'target')).toEqual(['batch_results_1.jsonl'])
  })

  test('of a retry without the results of its root are not made', async () => {
    const scene = await stepScene({
      'workdir/batch_input_2.jsonl': jsonl(requestLine('b')),
      'workdir/batch_output_2.jsonl': jsonl(answerLine('b', 'two')),
      'workdir/batch_metadata_2.jsonl': metadataText({ attempt: 2, root_index: '1', parent_index: '1' }),
    })
    await scene.take(processOutputFile, { index: '2' })
    expect(await rejection(scene.take(recordResults, { index: '2' }))).toMatchObject({
      code: 'ReconciliationFailed',
      problem: { needsPerson: true },
    })
    expect(namesIn(scene, 'target')).toEqual([])
  })

  test.each([
    ['a moment after it was sent waits for those of the root', 5_000, true],
    ['long after it was sent waits for a person: the root has stopped', 601_000, false],
  ])('of a retry that is back before its root is published, %s', async (_, sinceMs, isPassing) => {
    const scene = await processed({
      'workdir/batch_input_2.jsonl': jsonl(requestLine('b')),
      'workdir/batch_output_2.jsonl': jsonl(answerLine('b', 'two')),
      'workdir/batch_metadata_2.jsonl': metadataText({
        attempt: 2,
        root_index: '1',
        parent_index: '1',
        submitted_at_ms: startAtMs - sinceMs,
      }),
    })
    const retry = { index: '2', dependencies: scene.anew() }
    await scene.take(processOutputFile, retry)
    const error = await rejection(scene.take(recordResults, retry))
    expect(error).toMatchObject({ code: 'ReconciliationFailed', problem: { isPassing } })
    expect(error.problem.hint).toContain('once triple 1 is done')
    expect(namesIn(scene, 'target')).toEqual([])
    await scene.take(recordResults)
    await scene.take(recordResults, retry)
    expect(outcomes(scene)).toEqual(['a success 1', 'b success 2', 'c success 1'])
  })

  test('are not made of rows that nobody processed', async () => {
    const scene = await stepScene(files)
    expect(await rejection(scene.take(recordResults))).toMatchObject({
      code: 'ReconciliationFailed',
      message: expect.stringContaining('no processed rows'),
    })
  })

  test('on a full disk are named, and what stood there stays', async () => {
    const scene = await stepScene(
      { ...files, [resultsPath]: '' },
      { rules: [{ operation: 'write', path: 'batch_results_1', error: 'ENOSPC' }] },
    )
    await scene.take(processErrorFile)
    await scene.take(processOutputFile)
    expect(await rejection(scene.take(recordResults))).toMatchObject({
      code: 'DiskFull',
      message: expect.stringContaining('batch_results_1.jsonl'),
    })
    expect(textOf(scene, resultsPath)).toBe('')
  })
})
