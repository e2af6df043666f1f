import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { describe, expect, test } from 'vitest'
import {
  readWorkspaceLock,
  reconcileWorkspace,
  type BatchWorkspace,
  type ReconcileWorkspaceOptions,
  type ReconciliationEvent,
} from '../../src/index.js'
import { acquireWorkspaceLock } from '../../src/workspace/hold-workspace.js'
import { systemProcessTable } from '../../src/workspace/process-table.js'
import { putFiles, rejection, withWorkspace } from '../workspace/support.js'
import { answeredTriple, answerLine, errorLine, idsUpTo, jsonl, metadataText, requestLine } from './lines.js'
import { namesIn, outcomes, outcomesOf, reportOf, rowsOf, stands, userFiles } from './workspaces.js'

const uuid = '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'

/** Triples of every kind, the broken ones between the whole ones. */
const everyKind = {
  ...answeredTriple('2', ['a', 'b']),
  'workdir/batch_output_3.jsonl': jsonl(answerLine('a', 'yes')),
  'workdir/batch_input_5.jsonl': jsonl(requestLine('a')),
  'workdir/batch_input_6.jsonl': jsonl(requestLine('a')),
  'workdir/batch_metadata_6.jsonl': metadataText({ remote_status: 'in_progress' }),
  'workdir/batch_input_7.jsonl': jsonl(requestLine('a'), requestLine('b')),
  'workdir/batch_output_7.jsonl': jsonl(answerLine('a', 'yes')),
  'workdir/batch_input_8.jsonl': jsonl(requestLine('a')),
  'workdir/batch_error_8.jsonl': jsonl(errorLine('a')),
  'workdir/batch_input_9.jsonl': jsonl(requestLine('a'), requestLine('b')),
  'workdir/batch_output_9.jsonl': jsonl(answerLine('a', 'yes')),
  'workdir/batch_error_9.jsonl': jsonl(errorLine('b')),
  'workdir/batch_metadata_11.jsonl': metadataText({}),
  ...answeredTriple('10', ['a']),
  ...answeredTriple(uuid, ['a']),
}

describe('one pass over a workspace', () => {
  test('gives each kind of triple its outcome, in the order of the indices', () =>
    withWorkspace(everyKind, async (workspace) => {
      const report = await reconcileWorkspace(workspace)
      expect(outcomes(report)).toEqual([
        '2 done',
        '3 needs-attention',
        '5 not-submitted',
        '6 pending',
        '7 failed',
        '8 done',
        '9 done',
        '10 done',
        '11 needs-attention',
        `${uuid} done`,
      ])
      expect(report.isInterrupted).toBe(false)
    }))

  test('says of each triple where it rests, what it counted and which code stopped it', () =>
    withWorkspace(everyKind, async (workspace) => {
      const report = await reconcileWorkspace(workspace)
      expect(reportOf(report, '3')).toMatchObject({
        state: 'missing-input',
        problem: { code: 'MissingBatchInputFileButOthersExist' },
        counts: null,
        rows: null,
        resultsPath: null,
      })
      expect(reportOf(report, '6')).toMatchObject({
        state: 'awaiting-online-files.waiting',
        remoteStatus: 'in_progress',
      })
      expect(reportOf(report, '7')).toMatchObject({
        state: 'failed',
        problem: { code: 'RequestIdsMismatch' },
        counts: { input: 2, output: 1, matched: 1, missing: 1 },
      })
      expect(reportOf(report, '9')).toMatchObject({
        state: 'done',
        rows: { success: 1, permanent: 1, retryable: 0 },
        resultsPath: workspace.layout.resultsFile('9'),
        operations: [
          'EnsureInputRequestIdsMatchOutputRequestIdsCombinedWithErrorRequestIds',
          'ProcessBatchErrorFile',
          'ProcessBatchOutputFile',
          'MoveBatchTripleToTheDoneDirectory',
        ],
      })
    }))

  test('moves what is finished, leaves what is not, and changes no byte of either', () =>
    withWorkspace(everyKind, async (workspace) => {
      const before = userFiles(workspace)
      await reconcileWorkspace(workspace)
      expect(userFiles(workspace)).toEqual(before)
      expect(namesIn(workspace, 'workdir')).toEqual([
        'batch_input_5.jsonl',
        'batch_input_6.jsonl',
        'batch_input_7.jsonl',
        'batch_metadata_11.jsonl',
        'batch_metadata_6.jsonl',
        'batch_output_3.jsonl',
        'batch_output_7.jsonl',
      ])
      expect(namesIn(workspace, 'target')).toEqual(
        ['10', '2', '8', '9', uuid].map((index) => `batch_results_${index}.jsonl`).toSorted(),
      )
    }))

  test('writes one row for each request, in the order of the input, with its source', () =>
    withWorkspace(everyKind, async (workspace) => {
      await reconcileWorkspace(workspace)
      expect(rowsOf(workspace, 'target/batch_results_9.jsonl')).toMatchObject([
        {
          custom_id: 'a',
          outcome: 'success',
          content: 'yes',
          finish_reason: 'stop',
          usage: { total_tokens: 12 },
          attempt: 1,
          source: { index: '9', file: 'output', line: 1 },
        },
        {
          custom_id: 'b',
          outcome: 'permanent',
          error: { code: 'invalid_value', message: 'No b for you.' },
          attempt: 1,
          source: { index: '9', file: 'error', line: 1 },
        },
      ])
      expect(rowsOf(workspace, 'failed-items/batch_failed_9.jsonl')).toMatchObject([{ custom_id: 'b' }])
    }))

  test('changes nothing more when it is run again', () =>
    withWorkspace(everyKind, async (workspace) => {
      await reconcileWorkspace(workspace)
      const done = namesIn(workspace, 'done')
      const rows = rowsOf(workspace, 'target/batch_results_9.jsonl')
      const report = await reconcileWorkspace(workspace)
      expect(outcomes(report)).toEqual([
        '3 needs-attention',
        '5 not-submitted',
        '6 pending',
        '7 failed',
        '11 needs-attention',
      ])
      expect(namesIn(workspace, 'done')).toEqual(done)
      expect(rowsOf(workspace, 'target/batch_results_9.jsonl')).toEqual(rows)
    }))

  test('goes through as soon as the missing file is put back', () =>
    withWorkspace(everyKind, async (workspace) => {
      await reconcileWorkspace(workspace)
      putFiles(workspace.root, { 'workdir/batch_input_3.jsonl': jsonl(requestLine('a')) })
      expect(reportOf(await reconcileWorkspace(workspace), '3').outcome.type).toBe('done')
    }))

  test('an empty workspace gives an empty report', () =>
    withWorkspace({}, async (workspace) => {
      expect(await reconcileWorkspace(workspace)).toEqual({
        triples: [],
        unconfirmed: [],
        warnings: [],
        isInterrupted: false,
      })
    }))
})

/** The most triples between `triple.started` and `triple.settled` at one moment. */
async function mostLive(workspace: BatchWorkspace, options: ReconcileWorkspaceOptions = {}): Promise<number> {
  let live = 0
  let most = 0
  const onEvent = ({ type }: ReconciliationEvent): void => {
    if (type === 'triple.started') live += 1
    if (type === 'triple.settled') live -= 1
    most = Math.max(most, live)
  }
  const report = await reconcileWorkspace(workspace, { ...options, onEvent })
  expect(outcomes(report)).toEqual(idsUpTo(9, '').map((index) => `${index} done`))
  expect(live).toBe(0)
  return most
}

describe('triples at work at the same time', () => {
  const files = Object.assign(
    {},
    ...idsUpTo(9, '').map((index) => answeredTriple(index, idsUpTo(3))),
  ) as Record<string, string>

  test.each([
    [1, 1],
    [3, 3],
    [50, 9],
    [undefined, 9],
  ])('concurrency %s: %s at most', (concurrency, expected) =>
    withWorkspace(files, async (workspace) => {
      expect(await mostLive(workspace, { concurrency })).toBe(expected)
    }),
  )

  test('with callbacks, or large: 4 at most unless more are asked for', async () => {
    await withWorkspace(files, async (workspace) => {
      expect(await mostLive(workspace, { processOutput: () => {} })).toBe(4)
    })
    await withWorkspace(files, async (workspace) => {
      expect(await mostLive(workspace, { processErrors: () => {} })).toBe(4)
    })
    const large = Object.fromEntries(
      idsUpTo(9, '').map((index) => [
        `workdir/batch_output_${index}.jsonl`,
        jsonl(...idsUpTo(3).map((id) => answerLine(id, 'x'.repeat(100 * 1024)))),
      ]),
    )
    await withWorkspace({ ...files, ...large }, async (workspace) => {
      expect(await mostLive(workspace)).toBe(4)
    })
  })

  test('one large triple has its place alone, and the small ones around it are all reported', () => {
    const large = { 'workdir/batch_output_5.jsonl': jsonl(answerLine('row-1', 'x'.repeat(300 * 1024))) }
    const input = { 'workdir/batch_input_5.jsonl': jsonl(requestLine('row-1')) }
    return withWorkspace({ ...files, ...input, ...large }, async (workspace) => {
      // 1 to 4 share a place, 5 has one, 6 to 9 share the third.
      expect(await mostLive(workspace)).toBe(9)
    })
  })

  test('the report keeps the order of the indices whichever triple is ready first', () =>
    withWorkspace({ ...answeredTriple('1', ['a']), ...answeredTriple('2', ['a']) }, async (workspace) => {
      const second = new EventEmitter()
      const secondSettled = once(second, 'settled')
      const settled: string[] = []
      const report = await reconcileWorkspace(workspace, {
        processOutput: async (_, { index }) => {
          if (index === '1') await secondSettled
        },
        onEvent: (event) => {
          if (event.type !== 'triple.settled') return
          settled.push(event.index)
          second.emit('settled')
        },
      })
      expect(settled).toEqual(['2', '1'])
      expect(outcomes(report)).toEqual(['1 done', '2 done'])
    }))
})

describe('events', () => {
  test('begin with the scan, follow each triple from start to rest, and count every byte and row', () =>
    withWorkspace(answeredTriple('4', idsUpTo(3)), async (workspace) => {
      const events: ReconciliationEvent[] = []
      await reconcileWorkspace(workspace, { onEvent: (event) => events.push(event) })
      const [first] = events
      expect(first).toMatchObject({ type: 'workspace.scanned', triples: 1 })
      const bytesRead = events.reduce(
        (sum, event) => sum + (event.type === 'bytes.read' ? event.bytes : 0),
        0,
      )
      expect(first?.type === 'workspace.scanned' && first.totalBytes).toBe(bytesRead)
      const path = events.flatMap((event) => (event.type === 'triple.changed' ? [event.to] : []))
      expect(path).toEqual([
        'deciding.surveying',
        'checking-ids.checking',
        'processing-outputs.processing',
        'moving-to-done.recording',
        'moving-to-done.moving',
        'done',
      ])
      expect(events.findLast(({ type }) => type === 'rows.processed')).toMatchObject({ rows: { success: 3 } })
      expect(events.at(-1)).toMatchObject({ type: 'triple.settled', report: { outcome: { type: 'done' } } })
    }))

  test('hold no answer and no request', () =>
    withWorkspace(everyKind, async (workspace) => {
      const events: ReconciliationEvent[] = []
      await reconcileWorkspace(workspace, { onEvent: (event) => events.push(event) })
      const text = JSON.stringify(events)
      expect(text).not.toContain('Here is a.')
      expect(text).not.toContain('Say a.')
    }))

  test('a listener that throws harms nothing', () =>
    withWorkspace(everyKind, async (workspace) => {
      const report = await reconcileWorkspace(workspace, {
        onEvent: () => {
          throw new Error('The display fell over.')
        },
      })
      expect(outcomes(report).filter((line) => line.endsWith('done'))).toHaveLength(5)
    }))
})

describe('the lock', () => {
  test('a workspace that another process works on is left alone until that process is gone', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const other = spawn(process.execPath, ['--eval', 'process.stdin.resume()'], {
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      await once(other, 'spawn')
      try {
        await acquireWorkspaceLock(workspace, { processes: { ...systemProcessTable, pid: other.pid ?? 0 } })
        const problem = await rejection(reconcileWorkspace(workspace))
        expect(problem.code).toBe('WorkspaceLocked')
        expect(problem.message).toContain(String(other.pid))
        expect(namesIn(workspace, 'done')).toEqual([])
      } finally {
        other.stdin.end()
        await once(other, 'exit')
      }
      expect(outcomes(await reconcileWorkspace(workspace))).toEqual(['4 done'])
    }))

  test('two runs of one process do not work on a workspace together', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const runs = await Promise.allSettled([reconcileWorkspace(workspace), reconcileWorkspace(workspace)])
      expect(runs.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(runs.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { problem: { code: 'WorkspaceLocked' } },
      })
      expect(outcomesOf(workspace, '4')).toEqual([['a', 'success']])
    }))

  test('is given back after a run in which triples failed', () =>
    withWorkspace(everyKind, async (workspace) => {
      await reconcileWorkspace(workspace)
      expect(await readWorkspaceLock(workspace)).toEqual({ type: 'free' })
    }))
})

describe('a stop', () => {
  const files = { ...answeredTriple('1', idsUpTo(5)), ...answeredTriple('2', idsUpTo(5)) }

  test('in the middle of a file ends the run cleanly, and the next one goes on with the row after', () =>
    withWorkspace(files, async (workspace) => {
      const before = userFiles(workspace)
      const controller = new AbortController()
      const handled: string[] = []
      const processOutput = (
        row: { readonly customId: string },
        context: { readonly index: string },
      ): void => {
        handled.push(`${context.index} ${row.customId}`)
        if (row.customId === 'row-3') controller.abort()
      }
      const options = { concurrency: 1, processOutput }
      const stopped = await reconcileWorkspace(workspace, { ...options, signal: controller.signal })
      expect(stopped.isInterrupted).toBe(true)
      expect(stopped.triples).toEqual([])
      expect(await readWorkspaceLock(workspace)).toEqual({ type: 'free' })
      expect(userFiles(workspace)).toEqual(before)

      const report = await reconcileWorkspace(workspace, options)
      expect(outcomes(report)).toEqual(['1 done', '2 done'])
      expect(handled.toSorted()).toEqual(
        ['1', '2'].flatMap((index) => idsUpTo(5).map((id) => `${index} ${id}`)),
      )
      expect(outcomesOf(workspace, '1')).toEqual(idsUpTo(5).map((id) => [id, 'success']))
    }))

  test('keeps the triples that came to rest before it', () =>
    withWorkspace(files, async (workspace) => {
      const controller = new AbortController()
      const report = await reconcileWorkspace(workspace, {
        concurrency: 1,
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === 'triple.settled') controller.abort()
        },
      })
      expect(outcomes(report)).toEqual(['1 done'])
      expect(report.isInterrupted).toBe(true)
      expect(stands(workspace, 'workdir/batch_input_2.jsonl')).toBe(true)
    }))

  test('before the start touches no triple', () =>
    withWorkspace(files, async (workspace) => {
      const report = await reconcileWorkspace(workspace, { signal: AbortSignal.abort() })
      expect(report).toMatchObject({ triples: [], isInterrupted: true })
      expect(namesIn(workspace, 'workdir')).toHaveLength(4)
    }))
})
