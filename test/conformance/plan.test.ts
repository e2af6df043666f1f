import { describe, expect, test } from 'vitest'
import { batchErrorFileProcessingOperations, batchFileReconciliationOperations } from '../../src/index.js'
import { batchReconciler, jsonLines } from '../cli/command-line.js'
import { withWorkspace } from '../workspace/support.js'
import { answerLine, errorLine, jsonl, metadataText, requestLine } from './support.js'

interface PlanLine {
  readonly index: string
  readonly operations: readonly string[]
  readonly error: { readonly code: string } | null
}

/** What `plan --json` prints, a line a triple, by index. */
function plan(files: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, PlanLine>> {
  return withWorkspace(files, async ({ root }) => {
    const { stdout } = await batchReconciler(['plan', root, '--json'])
    const lines = jsonLines(stdout) as unknown as readonly PlanLine[]
    return new Map(lines.map((line) => [line.index, line]))
  })
}

const input = jsonl(requestLine('a'), requestLine('b'))

describe('plan --json', () => {
  test('prints the four courses of action of the seed', async () => {
    const planned = await plan({
      'workdir/batch_input_1.jsonl': input,
      'workdir/batch_input_2.jsonl': input,
      'workdir/batch_output_2.jsonl': jsonl(answerLine('a', 'yes'), answerLine('b', 'no')),
      'workdir/batch_input_3.jsonl': input,
      'workdir/batch_error_3.jsonl': jsonl(errorLine('a'), errorLine('b')),
      'workdir/batch_input_4.jsonl': input,
      'workdir/batch_output_4.jsonl': jsonl(answerLine('a', 'yes')),
      'workdir/batch_error_4.jsonl': jsonl(errorLine('b')),
    })
    expect([...planned.values()].map(({ operations }) => operations)).toEqual([
      ['CheckForBatchOutputAndErrorFileOnline', 'RecalculateRecommendedCourseOfActionIfTripleChanged'],
      [
        'EnsureInputRequestIdsMatchOutputRequestIds',
        'ProcessBatchOutputFile',
        'MoveBatchInputAndOutputToTheDoneDirectory',
      ],
      [
        'EnsureInputRequestIdsMatchErrorRequestIds',
        'ProcessBatchErrorFile',
        'MoveBatchInputAndErrorToTheDoneDirectory',
      ],
      [
        'EnsureInputRequestIdsMatchOutputRequestIdsCombinedWithErrorRequestIds',
        'ProcessBatchErrorFile',
        'ProcessBatchOutputFile',
        'MoveBatchTripleToTheDoneDirectory',
      ],
    ])
  })

  test('names the two problems of the seed where there is no course of action', async () => {
    const planned = await plan({
      'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'yes')),
      'workdir/batch_metadata_2.jsonl': metadataText({}),
    })
    expect([...planned.values()].map(({ operations, error }) => [operations, error?.code])).toEqual([
      [[], 'MissingBatchInputFileButOthersExist'],
      [[], 'NoBatchFileTripleAtIndex'],
    ])
  })

  test('prints the three operations that the seed names and never plans', async () => {
    const planned = await plan({
      'workdir/batch_input_1.jsonl': input,
      'workdir/batch_metadata_1.jsonl': metadataText({
        remote_status: 'completed',
        output_file_id: 'file-o',
      }),
      'workdir/batch_input_2.jsonl': input,
      'workdir/batch_metadata_2.jsonl': metadataText({
        remote_status: 'completed',
        output_file_id: 'file-o',
        error_file_id: 'file-e',
      }),
      'workdir/batch_input_3.jsonl': input,
      'workdir/batch_output_3.jsonl': jsonl(answerLine('a', 'yes')),
      'workdir/batch_metadata_3.jsonl': metadataText({
        remote_status: 'completed',
        output_file_id: 'file-o',
        error_file_id: 'file-e',
      }),
    })
    expect([...planned.values()].map(({ operations }) => operations[0])).toEqual([
      'DownloadBatchOutputFileOnline',
      'DownloadBatchOutputAndMaybeErrorFileOnline',
      'CheckForBatchErrorFileOnline',
    ])
  })
})

describe('the names of operations', () => {
  test('are the thirteen of the seed', () => {
    expect(batchFileReconciliationOperations).toEqual([
      'EnsureInputRequestIdsMatchErrorRequestIds',
      'EnsureInputRequestIdsMatchOutputRequestIds',
      'EnsureInputRequestIdsMatchOutputRequestIdsCombinedWithErrorRequestIds',
      'ProcessBatchErrorFile',
      'ProcessBatchOutputFile',
      'MoveBatchInputAndErrorToTheDoneDirectory',
      'MoveBatchInputAndOutputToTheDoneDirectory',
      'MoveBatchTripleToTheDoneDirectory',
      'CheckForBatchOutputAndErrorFileOnline',
      'RecalculateRecommendedCourseOfActionIfTripleChanged',
      'CheckForBatchErrorFileOnline',
      'DownloadBatchOutputAndMaybeErrorFileOnline',
      'DownloadBatchOutputFileOnline',
    ])
  })

  test('on error files are the two of the seed', () => {
    expect(batchErrorFileProcessingOperations).toEqual(['LogErrors', 'RetryFailedRequests'])
  })
})
