import { describe, expect, test } from 'vitest'
import {
  executeReconciliationOperation,
  locateTriple,
  type BatchFileReconciliationOperation,
  type BatchWorkspace,
  type ReconcileOptions,
} from '../../src/index.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk, rejection, withWorkspace } from '../workspace/support.js'
import { answeredTriple, errorLine, jsonl, metadataText, requestLine } from './lines.js'
import { namesIn, outcomesOf, stands, textOf } from './workspaces.js'

const move = 'MoveBatchInputAndOutputToTheDoneDirectory'

const execute = async (
  workspace: BatchWorkspace,
  operation: BatchFileReconciliationOperation,
  options: ReconcileOptions = {},
) => executeReconciliationOperation(await locateTriple(workspace, '1'), operation, options)

describe('a move by itself', () => {
  test('publishes the results first', () =>
    withWorkspace(answeredTriple('1', ['a', 'b']), async (workspace) => {
      await execute(workspace, 'ProcessBatchOutputFile')
      expect(stands(workspace, 'target/batch_results_1.jsonl')).toBe(false)
      await execute(workspace, move)
      expect(outcomesOf(workspace, '1')).toEqual([
        ['a', 'success'],
        ['b', 'success'],
      ])
      expect(namesIn(workspace, 'workdir')).toEqual([])
      expect(namesIn(workspace, 'done')).toHaveLength(3)
    }))

  test('is refused while rows are not processed, and nothing moves', () =>
    withWorkspace(answeredTriple('1', ['a', 'b']), async (workspace) => {
      expect(await rejection(execute(workspace, move))).toMatchObject({
        code: 'ReconciliationFailed',
        message: expect.stringContaining('logs/batch_rows_1.part.jsonl is not there'),
      })
      expect(namesIn(workspace, 'workdir')).toHaveLength(2)
      expect(namesIn(workspace, 'done')).toEqual([])
    }))

  test('that is intended already is only finished: results that stand are not made anew', () =>
    withWorkspace(answeredTriple('1', ['a', 'b']), async (workspace) => {
      await execute(workspace, 'ProcessBatchOutputFile')
      // The rows of the attempt are given up by then, so nobody could publish them a second time.
      const crashing = onDisk(
        workspace,
        faultFileSystem(workspace.fileSystem, [
          { operation: 'rename', path: 'batch_metadata_1', nth: 2, error: 'crash' },
          { operation: 'link', path: 'batch_metadata_1', error: 'crash' },
        ]),
      )
      await expect(execute(crashing, move)).rejects.toThrow()
      expect(stands(workspace, 'logs/batch_rows_1.part.jsonl')).toBe(false)
      const results = textOf(workspace, 'target/batch_results_1.jsonl')
      await execute(workspace, move)
      expect(textOf(workspace, 'target/batch_results_1.jsonl')).toBe(results)
      expect(namesIn(workspace, 'workdir')).toEqual([])
    }))
})

test.each(['EnsureInputRequestIdsMatchOutputRequestIds', 'ProcessBatchOutputFile'] as const)(
  '%s is refused where the ids do not match, and no callback is called',
  (operation) =>
    withWorkspace(
      {
        ...answeredTriple('1', ['a', 'b']),
        'workdir/batch_input_1.jsonl': jsonl(requestLine('a')),
      },
      async (workspace) => {
        let calls = 0
        const processOutput = (): void => void (calls += 1)
        expect((await rejection(execute(workspace, operation, { processOutput }))).code).toBe(
          'RequestIdsMismatch',
        )
        expect(calls).toBe(0)
      },
    ),
)

test('the retry is written by the last file that is read', () =>
  withWorkspace(
    {
      ...answeredTriple('1', ['a']),
      'workdir/batch_input_1.jsonl': jsonl(requestLine('a'), requestLine('b')),
      'workdir/batch_error_1.jsonl': jsonl(errorLine('b', 500, 'server_error')),
    },
    async (workspace) => {
      await execute(workspace, 'ProcessBatchErrorFile')
      expect(namesIn(workspace, 'workdir')).toHaveLength(3)
      await execute(workspace, 'ProcessBatchOutputFile')
      expect(namesIn(workspace, 'workdir')).toHaveLength(5)
    },
  ))

test('the retry of an error file that stands alone is written by it', () =>
  withWorkspace(
    {
      'workdir/batch_input_1.jsonl': jsonl(requestLine('b')),
      'workdir/batch_error_1.jsonl': jsonl(errorLine('b', 500, 'server_error')),
    },
    async (workspace) => {
      await execute(workspace, 'ProcessBatchErrorFile')
      expect(namesIn(workspace, 'workdir')).toHaveLength(4)
    },
  ))

test('a look at the server without one says what is missing', () =>
  withWorkspace(
    {
      'workdir/batch_input_1.jsonl': jsonl(requestLine('b')),
      'workdir/batch_metadata_1.jsonl': metadataText({}),
    },
    async (workspace) => {
      const error = await rejection(execute(workspace, 'CheckForBatchOutputAndErrorFileOnline'))
      expect(error).toMatchObject({ code: 'NoProvider', problem: { hint: 'Pass a provider.' } })
    },
  ))

test('what is recommended is said after an operation that may change it, and after no other', () =>
  withWorkspace(answeredTriple('1', ['a']), async (workspace) => {
    expect(await execute(workspace, 'RecalculateRecommendedCourseOfActionIfTripleChanged')).toEqual({
      recommended: [
        'EnsureInputRequestIdsMatchOutputRequestIds',
        'ProcessBatchOutputFile',
        'MoveBatchInputAndOutputToTheDoneDirectory',
      ],
    })
    expect(await execute(workspace, 'EnsureInputRequestIdsMatchOutputRequestIds')).toEqual({
      recommended: null,
    })
  }))
