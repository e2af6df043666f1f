import { describe, expect, test } from 'vitest'
import {
  executeReconciliationOperation,
  locateTriple,
  recommendedCourseOfAction,
  reconcileTriple,
} from '../../src/index.js'
import { putFiles, rejection, withWorkspace } from '../workspace/support.js'
import {
  answerLine,
  errorLine,
  impatientClock,
  jsonl,
  namesIn,
  nothingAnswered,
  online,
  putSubmitted,
  requestLine,
} from './support.js'

const input = jsonl(requestLine('a'), requestLine('b'))
const output = jsonl(answerLine('a', 'yes'), answerLine('b', 'no'))
const error = jsonl(errorLine('b'))

const courseAt = (files: Readonly<Record<string, string>>, index: string) =>
  withWorkspace(files, async (workspace) => recommendedCourseOfAction(await locateTriple(workspace, index)))

describe('the course of action', () => {
  test('R1 all three absent: NoBatchFileTripleAtIndex with the index', async () => {
    const problem = await rejection(courseAt({}, '123'))
    expect(problem).toMatchObject({ code: 'NoBatchFileTripleAtIndex', index: '123' })
    expect(problem.facts).toEqual({ index: '123' })
  })

  test('R2 an output file without its input: MissingBatchInputFileButOthersExist with index and output', async () => {
    await withWorkspace({ 'workdir/batch_output_9999.jsonl': output }, async (workspace) => {
      const triple = await locateTriple(workspace, '9999')
      const problem = await rejection(recommendedCourseOfAction(triple))
      expect(problem).toMatchObject({ code: 'MissingBatchInputFileButOthersExist', index: '9999' })
      expect(problem.facts).toEqual({ index: '9999', output: triple.output, error: null })
    })
  })

  test('R3 input only: ask the server, then plan anew', async () => {
    const operations = await courseAt({ 'workdir/batch_input_4.jsonl': input }, '4')
    expect(operations).toEqual([
      'CheckForBatchOutputAndErrorFileOnline',
      'RecalculateRecommendedCourseOfActionIfTripleChanged',
    ])
  })

  test('R4 input and output: check ids, process the output file, move the two', async () => {
    const files = { 'workdir/batch_input_4.jsonl': input, 'workdir/batch_output_4.jsonl': output }
    expect(await courseAt(files, '4')).toEqual([
      'EnsureInputRequestIdsMatchOutputRequestIds',
      'ProcessBatchOutputFile',
      'MoveBatchInputAndOutputToTheDoneDirectory',
    ])
  })

  test('R5 input and error: check ids, process the error file, move the two', async () => {
    const files = { 'workdir/batch_input_4.jsonl': input, 'workdir/batch_error_4.jsonl': error }
    expect(await courseAt(files, '4')).toEqual([
      'EnsureInputRequestIdsMatchErrorRequestIds',
      'ProcessBatchErrorFile',
      'MoveBatchInputAndErrorToTheDoneDirectory',
    ])
  })

  test('R6 all three: check ids of both, process errors, then the output, move the triple', async () => {
    const files = {
      'workdir/batch_input_4.jsonl': input,
      'workdir/batch_output_4.jsonl': output,
      'workdir/batch_error_4.jsonl': error,
    }
    expect(await courseAt(files, '4')).toEqual([
      'EnsureInputRequestIdsMatchOutputRequestIdsCombinedWithErrorRequestIds',
      'ProcessBatchErrorFile',
      'ProcessBatchOutputFile',
      'MoveBatchTripleToTheDoneDirectory',
    ])
  })
})

describe('operations by themselves', () => {
  test('R7 asking the server succeeds when the batch completed and names no files', async () => {
    await withWorkspace({}, async (workspace) => {
      const world = online()
      await putSubmitted(workspace, world, { index: '4', ids: ['a'], plan: nothingAnswered })
      world.server.finishBatches()
      const triple = await locateTriple(workspace, '4')
      const result = await executeReconciliationOperation(triple, 'CheckForBatchOutputAndErrorFileOnline', {
        provider: world.provider,
      })
      expect(result.recommended?.[0]).toBe('CheckForBatchOutputAndErrorFileOnline')
      expect(namesIn(workspace, 'workdir')).toEqual(['batch_input_4.jsonl', 'batch_metadata_4.jsonl'])
    })
  })

  test('R8 planning anew gives an input alone the same two steps', async () => {
    await withWorkspace({ 'workdir/batch_input_4.jsonl': input }, async (workspace) => {
      const triple = await locateTriple(workspace, '4')
      const { recommended } = await executeReconciliationOperation(
        triple,
        'RecalculateRecommendedCourseOfActionIfTripleChanged',
      )
      expect(recommended).toEqual(await recommendedCourseOfAction(triple))
      expect(recommended).toEqual([
        'CheckForBatchOutputAndErrorFileOnline',
        'RecalculateRecommendedCourseOfActionIfTripleChanged',
      ])
    })
  })

  test('R9 planning an empty triple anew: NoBatchFileTripleAtIndex with the index', async () => {
    await withWorkspace({}, async (workspace) => {
      const triple = await locateTriple(workspace, '77')
      const problem = await rejection(
        executeReconciliationOperation(triple, 'RecalculateRecommendedCourseOfActionIfTripleChanged'),
      )
      expect(problem).toMatchObject({ code: 'NoBatchFileTripleAtIndex', index: '77' })
    })
  })
})

describe('the whole walk', () => {
  test('R10 an input that is no JSON, whose batch completed without files: never parsed, but no success either', async () => {
    await withWorkspace({}, async (workspace) => {
      const world = online()
      await putSubmitted(workspace, world, { index: '4', ids: ['a'], plan: nothingAnswered })
      putFiles(workspace.root, { 'workdir/batch_input_4.jsonl': 'this is no JSON\n' })
      world.server.finishBatches()
      const report = await reconcileTriple(workspace, await locateTriple(workspace, '4'), {
        provider: world.provider,
        clock: impatientClock,
      })
      expect(report.outcome).toMatchObject({
        type: 'needs-attention',
        problem: { code: 'BatchEndedWithoutFiles' },
      })
      expect(namesIn(workspace, 'workdir')).toEqual(['batch_input_4.jsonl', 'batch_metadata_4.jsonl'])
    })
  })
})
