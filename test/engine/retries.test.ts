import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  nodeFileSystem,
  reconcileTriple,
  reconcileWorkspace,
  removeWorkspaceLock,
  type BatchWorkspace,
  type ReconciliationEvent,
} from '../../src/index.js'
import { faultFileSystem, type FaultRule } from '../fakes/fault-file-system.js'
import { onDisk, putFiles, withWorkspace } from '../workspace/support.js'
import {
  answerLine,
  errorLine,
  jsonl,
  metadataText,
  requestLine,
  responseLine,
  unansweredLine,
} from './lines.js'
import {
  impatientClock,
  namesIn,
  outcomes,
  outcomesOf,
  reportOf,
  rowsOf,
  sha256,
  stands,
  textOf,
  userFiles,
} from './workspaces.js'

/** As people format by hand: a retry has to keep every space of it. */
const oddRequest = `{ "custom_id" : "b",\t"method":"POST", "url":"/v1/chat/completions" , "body":{"n":1.0} }`

/** `a` succeeds, `b` and `d` fail for a passing reason, one in either file, `c` fails for good. */
const mixed = {
  'workdir/batch_input_1.jsonl': jsonl(requestLine('a'), oddRequest, requestLine('c'), requestLine('d')),
  'workdir/batch_output_1.jsonl': jsonl(
    answerLine('a', 'yes'),
    responseLine('b', 500, { error: { message: 'x' } }),
  ),
  'workdir/batch_error_1.jsonl': jsonl(errorLine('c'), unansweredLine('d')),
  'workdir/batch_metadata_1.jsonl': metadataText({
    endpoint: '/v1/chat/completions',
    model: 'gpt-4o-mini',
    content_type: 'text',
  }),
}

/** Index of the retry that the run over the root triple names. */
async function runRoot(workspace: BatchWorkspace, index = '1', maxAttempts = 3): Promise<string> {
  const report = await reconcileWorkspace(workspace, { clock: impatientClock, maxAttempts })
  const { outcome } = reportOf(report, index)
  if (outcome.type !== 'done' || outcome.retryIndex === null) throw new Error(`No retry of ${index}.`)
  return outcome.retryIndex
}

const retryInputs = (workspace: BatchWorkspace): string[] =>
  [...namesIn(workspace, 'workdir'), ...namesIn(workspace, 'done')].filter((name) =>
    /^batch_input_.*-/.test(name),
  )

describe('the retry of failed requests', () => {
  test('holds exactly the requests that failed for a passing reason, byte for byte', () =>
    withWorkspace(mixed, async (workspace) => {
      const retryIndex = await runRoot(workspace)
      expect(textOf(workspace, `workdir/batch_input_${retryIndex}.jsonl`)).toBe(
        jsonl(oddRequest, requestLine('d')),
      )
    }))

  test('says in its metadata what it is a retry of', () =>
    withWorkspace(mixed, async (workspace) => {
      const retryIndex = await runRoot(workspace)
      const [metadata] = rowsOf(workspace, `workdir/batch_metadata_${retryIndex}.jsonl`)
      expect(metadata).toMatchObject({
        batch_id: '',
        attempt: 2,
        parent_index: '1',
        root_index: '1',
        request_count: 2,
        endpoint: '/v1/chat/completions',
        model: 'gpt-4o-mini',
        content_type: 'text',
        input_sha256: sha256(textOf(workspace, `workdir/batch_input_${retryIndex}.jsonl`)),
      })
    }))

  test('waits to be sent in a run without a server, and the root rows name it', () =>
    withWorkspace(mixed, async (workspace) => {
      const events: ReconciliationEvent[] = []
      const report = await reconcileWorkspace(workspace, { onEvent: (event) => events.push(event) })
      const [written] = events.filter(({ type }) => type === 'retry.written')
      expect(written).toMatchObject({ index: '1', requests: 2 })
      const retryIndex = written?.type === 'retry.written' ? written.retryIndex : ''
      expect(outcomes(report)).toEqual(['1 done', `${retryIndex} not-submitted`])
      const rows = rowsOf(workspace, 'target/batch_results_1.jsonl')
      expect(rows.map(({ custom_id: id, outcome, retry }) => [id, outcome, retry])).toEqual([
        ['a', 'success', undefined],
        ['b', 'transient', retryIndex],
        ['c', 'permanent', undefined],
        ['d', 'not-executed', retryIndex],
      ])
      expect(rowsOf(workspace, 'failed-items/batch_failed_1.jsonl').map((item) => item['custom_id'])).toEqual(
        ['c'],
      )
    }))

  test('is not written for requests that need a person or fail for good', () =>
    withWorkspace(
      {
        'workdir/batch_input_1.jsonl': jsonl(requestLine('a'), requestLine('b')),
        'workdir/batch_error_1.jsonl': jsonl(errorLine('a'), errorLine('b', 429, 'insufficient_quota')),
      },
      async (workspace) => {
        const report = reportOf(await reconcileWorkspace(workspace), '1')
        expect(report.outcome).toEqual({ type: 'done', retryIndex: null })
        expect(report.rows).toMatchObject({ permanent: 1, needsPerson: 1, retryable: 0 })
        expect(outcomesOf(workspace, '1')).toEqual([
          ['a', 'permanent'],
          ['b', 'needs-person'],
        ])
        expect(retryInputs(workspace)).toEqual([])
      },
    ))

  test('ends with the last attempt: the rows then stand as failures', () =>
    withWorkspace(mixed, async (workspace) => {
      const report = reportOf(await reconcileWorkspace(workspace, { maxAttempts: 1 }), '1')
      expect(report.outcome).toEqual({ type: 'done', retryIndex: null })
      expect(retryInputs(workspace)).toEqual([])
      expect(rowsOf(workspace, 'target/batch_results_1.jsonl').some((row) => 'retry' in row)).toBe(false)
      const failed = rowsOf(workspace, 'failed-items/batch_failed_1.jsonl')
      expect(failed.map((item) => String(item['custom_id'])).toSorted()).toEqual(['b', 'c', 'd'])
    }))
})

describe('a lineage', () => {
  test('ends with one row for each request of its root, the newest attempt each', () =>
    withWorkspace(mixed, async (workspace) => {
      const second = await runRoot(workspace)
      putFiles(workspace.root, {
        [`workdir/batch_output_${second}.jsonl`]: jsonl(answerLine('b', 'at last')),
        [`workdir/batch_error_${second}.jsonl`]: jsonl(errorLine('d', 503, 'overloaded')),
      })
      const third = await runRoot(workspace, second)
      expect(textOf(workspace, `workdir/batch_input_${third}.jsonl`)).toBe(jsonl(requestLine('d')))
      expect(rowsOf(workspace, `workdir/batch_metadata_${third}.jsonl`)[0]).toMatchObject({
        attempt: 3,
        parent_index: second,
        root_index: '1',
      })
      putFiles(workspace.root, {
        [`workdir/batch_error_${third}.jsonl`]: jsonl(errorLine('d', 503, 'overloaded')),
      })
      const report = await reconcileWorkspace(workspace)
      expect(outcomes(report)).toEqual([`${third} done`])
      expect(reportOf(report, third)).toMatchObject({
        attempt: 3,
        rootIndex: '1',
        outcome: { retryIndex: null },
        resultsPath: workspace.layout.resultsFile('1'),
      })
      const rows = rowsOf(workspace, 'target/batch_results_1.jsonl')
      expect(rows.map(({ custom_id: id, outcome, attempt }) => [id, outcome, attempt])).toEqual([
        ['a', 'success', 1],
        ['b', 'success', 2],
        ['c', 'permanent', 1],
        ['d', 'transient', 3],
      ])
      expect(rows[1]).toMatchObject({
        content: 'at last',
        source: { index: second, file: 'output', line: 1 },
      })
      expect(rows.some((row) => 'retry' in row)).toBe(false)
      expect(namesIn(workspace, 'target')).toEqual(['batch_results_1.jsonl'])
      expect(namesIn(workspace, 'workdir')).toEqual([])
    }))

  test('gives every attempt at a request the same idempotency key', () =>
    withWorkspace(mixed, async (workspace) => {
      const second = await runRoot(workspace)
      putFiles(workspace.root, {
        [`workdir/batch_output_${second}.jsonl`]: jsonl(answerLine('b', 'x'), answerLine('d', 'y')),
      })
      const keys: string[] = []
      await reconcileWorkspace(workspace, {
        processOutput: (_, { idempotencyKey, attempt }) => void keys.push(`${idempotencyKey} ${attempt}`),
      })
      expect(keys).toEqual(['1/b 2', '1/d 2'])
    }))

  test('of which the results are gone says so instead of beginning them anew', () =>
    withWorkspace(mixed, async (workspace) => {
      const second = await runRoot(workspace)
      putFiles(workspace.root, {
        [`workdir/batch_output_${second}.jsonl`]: jsonl(answerLine('b', 'x'), answerLine('d', 'y')),
      })
      const resultsPath = workspace.layout.resultsFile('1')
      const results = textOf(workspace, 'target/batch_results_1.jsonl')
      rmSync(resultsPath)
      const report = reportOf(await reconcileWorkspace(workspace), second)
      expect(report.outcome.type).not.toBe('done')
      expect(report.problem?.message).toContain('batch_results_1.jsonl')
      expect(stands(workspace, `workdir/batch_input_${second}.jsonl`)).toBe(true)
      writeFileSync(resultsPath, results)
      expect(reportOf(await reconcileWorkspace(workspace), second).outcome.type).toBe('done')
    }))
})

describe('a crash around the retry', () => {
  const anywhere: readonly [string, FaultRule][] = [
    ['after its metadata', { operation: 'open', path: '.batch_input_', nth: 1, error: 'crash' }],
    ['before its input has its name', { operation: 'rename', path: '.batch_input_', error: 'crash' }],
    ['before its hash is noted', { operation: 'rename', path: '.batch_metadata_', nth: 2, error: 'crash' }],
    ['before the results', { operation: 'open', path: '.batch_results_1', error: 'crash' }],
    ['before the intent to move', { operation: 'rename', path: '.batch_metadata_1.', error: 'crash' }],
    ['before the move', { operation: 'link', path: 'done/batch_input_1', error: 'crash' }],
    ['in the middle of the move', { operation: 'remove', path: 'workdir/batch_output_1', error: 'crash' }],
  ]

  test.each(anywhere)('%s: the next run makes no second one', (_, rule) =>
    withWorkspace(mixed, async (workspace) => {
      const before = userFiles(workspace)
      const disk = faultFileSystem(nodeFileSystem, [rule])
      await reconcileWorkspace(onDisk(workspace, disk)).catch(() => {})
      expect(disk.isCrashed()).toBe(true)
      await removeWorkspaceLock(workspace)

      await reconcileWorkspace(workspace)
      expect(retryInputs(workspace)).toHaveLength(1)
      const [name = ''] = retryInputs(workspace)
      expect(textOf(workspace, `workdir/${name}`)).toBe(jsonl(oddRequest, requestLine('d')))
      const [metadata] = rowsOf(workspace, `workdir/${name.replace('input', 'metadata')}`)
      expect(metadata).toMatchObject({ attempt: 2, parent_index: '1', root_index: '1', request_count: 2 })
      expect(outcomesOf(workspace, '1')).toEqual([
        ['a', 'success'],
        ['b', 'transient'],
        ['c', 'permanent'],
        ['d', 'not-executed'],
      ])
      expect(userFiles(workspace)).toMatchObject(before)
      expect(namesIn(workspace, 'done').filter((file) => file.endsWith('_1.jsonl'))).toHaveLength(4)
    }),
  )

  test('after which the retry is answered before its parent has moved gives the newer rows all the same', () =>
    withWorkspace(mixed, async (workspace) => {
      const rule: FaultRule = { operation: 'open', path: '.batch_results_1', error: 'crash' }
      await reconcileWorkspace(onDisk(workspace, faultFileSystem(nodeFileSystem, [rule]))).catch(() => {})
      await removeWorkspaceLock(workspace)
      const [name = ''] = retryInputs(workspace)
      const output = jsonl(answerLine('b', 'late'), answerLine('d', 'too'))
      putFiles(workspace.root, { [`workdir/${name.replace('input', 'output')}`]: output })

      for (let run = 0; run < 2; run += 1) await reconcileWorkspace(workspace, { concurrency: 1 })
      const rows = rowsOf(workspace, 'target/batch_results_1.jsonl')
      expect(rows.map(({ custom_id: id, outcome, attempt }) => [id, outcome, attempt])).toEqual([
        ['a', 'success', 1],
        ['b', 'success', 2],
        ['c', 'permanent', 1],
        ['d', 'success', 2],
      ])
      expect(namesIn(workspace, 'workdir')).toEqual([])
    }))

  test('after which the retry is finished before its parent publishes again keeps the newer rows', () =>
    withWorkspace(mixed, async (workspace) => {
      const rule: FaultRule = { operation: 'rename', path: '.batch_metadata_1.', error: 'crash' }
      await reconcileWorkspace(onDisk(workspace, faultFileSystem(nodeFileSystem, [rule]))).catch(() => {})
      await removeWorkspaceLock(workspace)
      const [name = ''] = retryInputs(workspace)
      const output = jsonl(answerLine('b', 'late'), answerLine('d', 'too'))
      putFiles(workspace.root, { [`workdir/${name.replace('input', 'output')}`]: output })
      const retryIndex = /_([^_]+)\.jsonl$/.exec(name)?.[1] ?? ''
      expect((await reconcileTriple(workspace, { index: retryIndex })).outcome.type).toBe('done')

      expect(outcomes(await reconcileWorkspace(workspace))).toEqual(['1 done'])
      const rows = rowsOf(workspace, 'target/batch_results_1.jsonl')
      expect(rows.map(({ custom_id: id, outcome, attempt }) => [id, outcome, attempt])).toEqual([
        ['a', 'success', 1],
        ['b', 'success', 2],
        ['c', 'permanent', 1],
        ['d', 'success', 2],
      ])
      expect(retryInputs(workspace)).toHaveLength(1)
    }))

  test('and another file under the name of the retry is a conflict, and is not overwritten', () =>
    withWorkspace(mixed, async (workspace) => {
      const rule: FaultRule = { operation: 'open', path: '.batch_results_1', error: 'crash' }
      await reconcileWorkspace(onDisk(workspace, faultFileSystem(nodeFileSystem, [rule]))).catch(() => {})
      await removeWorkspaceLock(workspace)
      const [name = ''] = retryInputs(workspace)
      putFiles(workspace.root, { [`workdir/${name}`]: jsonl(requestLine('somebody else')) })
      const report = reportOf(await reconcileWorkspace(workspace), '1')
      expect(report.outcome.type).toBe('needs-attention')
      expect(report.problem?.code).toBe('RetryInputConflict')
      expect(textOf(workspace, `workdir/${name}`)).toBe(jsonl(requestLine('somebody else')))
    }))
})
