import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  compareBatchIndices,
  executeReconciliationOperation,
  locateTriple,
  newBatchIndex,
  openWorkspace,
  planWorkspace,
  submitRequests,
  type BatchFileReconciliationOperation,
  type BatchWorkspace,
} from '../../src/index.js'
import { isEmptyTriple } from '../../src/workspace/scan.js'
import { filesBelow, rejection, withDirectory, withWorkspace } from '../workspace/support.js'
import { answerLine, errorLine, jsonl, metadataText, namesIn, requestLine, rowsOf } from './support.js'

const input = jsonl(requestLine('a'), requestLine('b'))
const output = jsonl(answerLine('a', 'yes'), answerLine('b', 'no'))
const errors = jsonl(errorLine('a'), errorLine('b'))

const uuid = '1f0c0a9e-2b6d-4f0a-9d7e-0a1b2c3d4e5f'
const inputFile = { 'workdir/batch_input_4.jsonl': input }
const outputFile = { 'workdir/batch_output_4.jsonl': output }
const errorFile = { 'workdir/batch_error_4.jsonl': errors }
const metadataFile = { 'workdir/batch_metadata_4.jsonl': metadataText({}) }

/** Runs operations one after the other, as a caller with a course of action of its own. */
async function execute(workspace: BatchWorkspace, ...operations: BatchFileReconciliationOperation[]) {
  for (const operation of operations) {
    await executeReconciliationOperation(await locateTriple(workspace, '4'), operation)
  }
}

/** Which files the plan sees, and what it says of them. */
async function planned(files: Readonly<Record<string, string>>) {
  return withWorkspace(files, async (workspace) => {
    const [plan] = (await planWorkspace(workspace, { shouldCheckIds: false })).triples
    const facts = plan?.facts
    const kinds = (['input', 'output', 'error'] as const).filter((kind) => facts?.[kind] != null)
    return { kinds, why: plan?.why }
  })
}

describe('the state of a triple', () => {
  test('T1 an input file alone', async () => {
    const { kinds, why } = await planned(inputFile)
    expect(kinds).toEqual(['input'])
    expect(why).toContain('only the input file is here')
  })

  test('T2 input and output file', async () => {
    expect(await planned({ ...inputFile, ...outputFile })).toEqual({
      kinds: ['input', 'output'],
      why: 'input and output file are here',
    })
  })

  test('T3 input and error file', async () => {
    expect(await planned({ ...inputFile, ...errorFile })).toEqual({
      kinds: ['input', 'error'],
      why: 'input and error file are here',
    })
  })

  test('T4 all three files', async () => {
    expect(await planned({ ...inputFile, ...outputFile, ...errorFile })).toEqual({
      kinds: ['input', 'output', 'error'],
      why: 'input, output and error file are here',
    })
  })
})

describe('the names of its files', () => {
  test("T5 the input stands under the workspace's name for the index", async () => {
    await withWorkspace(inputFile, async (workspace) => {
      const { input: found } = await locateTriple(workspace, '4')
      expect(found).toBe(workspace.layout.workdirFile('input', '4'))
      expect(found).toBe(join(workspace.root, 'workdir', 'batch_input_4.jsonl'))
    })
  })

  test("T6 the output stands under the workspace's name for the index", async () => {
    await withWorkspace({ [`workdir/batch_output_${uuid}.jsonl`]: output }, async (workspace) => {
      const { output: found } = await locateTriple(workspace, uuid)
      expect(found).toBe(workspace.layout.workdirFile('output', uuid))
      expect(found).toBe(join(workspace.root, 'workdir', `batch_output_${uuid}.jsonl`))
    })
  })

  test("T7 the error file stands under the workspace's name for the index", async () => {
    await withWorkspace(errorFile, async (workspace) => {
      const { error } = await locateTriple(workspace, '4')
      expect(error).toBe(workspace.layout.workdirFile('error', '4'))
      expect(error).toBe(join(workspace.root, 'workdir', 'batch_error_4.jsonl'))
    })
  })

  test("T8 the metadata stands under the workspace's name for the index", async () => {
    await withWorkspace(metadataFile, async (workspace) => {
      const { metadata } = await locateTriple(workspace, '4')
      expect(metadata).toBe(workspace.layout.workdirFile('metadata', '4'))
      expect(metadata).toBe(join(workspace.root, 'workdir', 'batch_metadata_4.jsonl'))
    })
  })
})

describe('making and comparing triples', () => {
  test('T11 a triple without files is empty', async () => {
    await withWorkspace({}, async (workspace) => {
      expect(isEmptyTriple(await locateTriple(workspace, '4'))).toBe(true)
    })
  })

  test('T12 a triple with an input is not empty', async () => {
    await withWorkspace(inputFile, async (workspace) => {
      expect(isEmptyTriple(await locateTriple(workspace, '4'))).toBe(false)
    })
  })

  test('T13 one request makes a triple with an input and neither output nor error file', async () => {
    await withWorkspace({ 'requests.jsonl': jsonl(requestLine('a')) }, async (workspace) => {
      const { prepared } = await submitRequests(workspace, [join(workspace.root, 'requests.jsonl')])
      const triple = await locateTriple(workspace, prepared[0]?.index ?? '')
      expect(readFileSync(triple.input ?? '', 'utf8')).toBe(jsonl(requestLine('a')))
      expect(triple).toMatchObject({ output: null, error: null })
    })
  })

  test('T14 a workspace whose folder does not exist: WorkspaceNotFound, and nothing is made', async () => {
    await withDirectory(async (directory) => {
      const problem = await rejection(openWorkspace(join(directory, 'nowhere')))
      expect(problem.code).toBe('WorkspaceNotFound')
      expect(filesBelow(directory)).toEqual({})
    })
  })

  test('T16 two random indices differ and have an order', () => {
    const [left, right] = [newBatchIndex(), newBatchIndex()]
    expect(left).not.toBe(right)
    expect(compareBatchIndices(left, right)).toBe(-compareBatchIndices(right, left))
    expect(compareBatchIndices(left, right)).not.toBe(0)
  })
})

describe('comparing ids', () => {
  test('T17 input and error file with the same two ids match', async () => {
    await withWorkspace({ ...inputFile, ...errorFile }, async (workspace) => {
      await execute(workspace, 'EnsureInputRequestIdsMatchErrorRequestIds')
      expect(namesIn(workspace, 'logs')).toContain('batch_accounting_4.json')
    })
  })

  test('T18 input and output file with the same two ids match', async () => {
    await withWorkspace({ ...inputFile, ...outputFile }, async (workspace) => {
      await execute(workspace, 'EnsureInputRequestIdsMatchOutputRequestIds')
      expect(namesIn(workspace, 'logs')).toContain('batch_accounting_4.json')
    })
  })

  test('T19 both ids in both files match, and the overlap is counted', async () => {
    await withWorkspace({ ...inputFile, ...outputFile, ...errorFile }, async (workspace) => {
      await execute(workspace, 'EnsureInputRequestIdsMatchOutputRequestIdsCombinedWithErrorRequestIds')
      const [plan] = (await planWorkspace(workspace, { shouldCheckIds: true })).triples
      expect(plan?.counts).toMatchObject({ matched: 2, missing: 0, inBoth: 2 })
    })
  })
})

describe('operations on error files', () => {
  test('T20 an empty error file is logged without a word', async () => {
    const files = { ...inputFile, ...outputFile, 'workdir/batch_error_4.jsonl': '' }
    await withWorkspace(files, async (workspace) => {
      await execute(workspace, 'ProcessBatchErrorFile')
      expect(namesIn(workspace, 'logs')).not.toContain('batch_expansion_error_log_4.jsonl')
    })
  })

  test('T21 a request refused with 400 is logged with its code, its message and its id', async () => {
    const files = {
      'workdir/batch_input_4.jsonl': jsonl(requestLine('a')),
      'workdir/batch_error_4.jsonl': jsonl(errorLine('a', 400, 'invalid_value')),
    }
    await withWorkspace(files, async (workspace) => {
      await execute(workspace, 'ProcessBatchErrorFile')
      expect(rowsOf(workspace, 'logs/batch_expansion_error_log_4.jsonl')).toMatchObject([
        { code: 'invalid_value', message: 'No a for you.', count: 1, sample_custom_ids: ['a'] },
      ])
    })
  })

  test('T25 nothing failed: no triple is made for a retry', async () => {
    const files = { ...inputFile, ...outputFile, 'workdir/batch_error_4.jsonl': '' }
    await withWorkspace(files, async (workspace) => {
      await execute(workspace, 'ProcessBatchErrorFile', 'ProcessBatchOutputFile')
      expect(namesIn(workspace, 'workdir')).toEqual([
        'batch_error_4.jsonl',
        'batch_input_4.jsonl',
        'batch_output_4.jsonl',
      ])
    })
  })

  test('T26 a request refused with 400 is not sent again, for it would be refused again', async () => {
    await withWorkspace({ ...inputFile, ...errorFile }, async (workspace) => {
      await execute(workspace, 'ProcessBatchErrorFile')
      expect(namesIn(workspace, 'workdir')).toEqual(['batch_error_4.jsonl', 'batch_input_4.jsonl'])
    })
  })
})

describe('moving to done', () => {
  test('T22 input, output and metadata leave workdir and stand in done under the same names', async () => {
    await withWorkspace({ ...inputFile, ...outputFile, ...metadataFile }, async (workspace) => {
      await execute(workspace, 'ProcessBatchOutputFile', 'MoveBatchInputAndOutputToTheDoneDirectory')
      expect(namesIn(workspace, 'workdir')).toEqual([])
      const names = ['batch_input_4.jsonl', 'batch_metadata_4.jsonl', 'batch_output_4.jsonl']
      expect(namesIn(workspace, 'done')).toEqual(names)
      expect(filesBelow(workspace.root)['done/batch_output_4.jsonl']).toBe(output)
    })
  })

  test('T23 input, error file and metadata leave workdir and stand in done under the same names', async () => {
    await withWorkspace({ ...inputFile, ...errorFile, ...metadataFile }, async (workspace) => {
      await execute(workspace, 'ProcessBatchErrorFile', 'MoveBatchInputAndErrorToTheDoneDirectory')
      expect(namesIn(workspace, 'workdir')).toEqual([])
      const names = ['batch_error_4.jsonl', 'batch_input_4.jsonl', 'batch_metadata_4.jsonl']
      expect(namesIn(workspace, 'done')).toEqual(names)
      expect(filesBelow(workspace.root)['done/batch_error_4.jsonl']).toBe(errors)
    })
  })

  test('T24 all four files leave workdir and stand in done under the same names', async () => {
    const files = { ...inputFile, ...outputFile, ...errorFile, ...metadataFile }
    await withWorkspace(files, async (workspace) => {
      await execute(
        workspace,
        'ProcessBatchErrorFile',
        'ProcessBatchOutputFile',
        'MoveBatchTripleToTheDoneDirectory',
      )
      expect(namesIn(workspace, 'workdir')).toEqual([])
      expect(namesIn(workspace, 'done')).toEqual([
        'batch_error_4.jsonl',
        'batch_input_4.jsonl',
        'batch_metadata_4.jsonl',
        'batch_output_4.jsonl',
      ])
    })
  })
})
