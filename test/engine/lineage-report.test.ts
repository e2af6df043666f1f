import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { noRows } from '../../machines/index.js'
import {
  reconcileWorkspace,
  workspaceStatus,
  type BatchWorkspace,
  type ReconciliationEvent,
} from '../../src/index.js'
import { putFiles, withWorkspace } from '../workspace/support.js'
import { answerLine, answeredTriple, errorLine, jsonl, requestLine } from './lines.js'
import { impatientClock, reportOf } from './workspaces.js'

/** `a` is answered, `b` fails for a passing reason, `c` for good. */
const mixed = {
  'workdir/batch_input_1.jsonl': jsonl(...['a', 'b', 'c'].map((id) => requestLine(id))),
  'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'yes')),
  'workdir/batch_error_1.jsonl': jsonl(errorLine('b', 500, 'x'), errorLine('c')),
}

async function runRoot(workspace: BatchWorkspace, maxAttempts = 3) {
  const events: ReconciliationEvent[] = []
  const onEvent = (event: ReconciliationEvent): void => void events.push(event)
  const report = await reconcileWorkspace(workspace, { clock: impatientClock, maxAttempts, onEvent })
  return { report, published: events.filter(({ type }) => type === 'results.published') }
}

describe('the lineage of a triple in reports', () => {
  test('has each request of the root once, and what of it failed for good', () =>
    withWorkspace({ ...mixed, ...answeredTriple('2', ['x', 'y']) }, async (workspace) => {
      const { report, published } = await runRoot(workspace)
      const first = {
        lineageRows: { ...noRows, success: 1, transient: 1, permanent: 1, retryable: 1 },
        failedForGood: { ...noRows, permanent: 1 },
      }
      expect(reportOf(report, '1')).toMatchObject({ ...first, requestsSent: 3 })
      expect(reportOf(report, '2')).toMatchObject({
        lineageRows: { ...noRows, success: 2 },
        failedForGood: noRows,
      })
      expect(published.toSorted((left) => ('index' in left && left.index === '1' ? -1 : 1))).toMatchObject([
        { index: '1', rows: 3, ...first },
        { index: '2', rows: 2 },
      ])
    }))

  test('is the same in the report of a retry that waits, which has sent nothing', () =>
    withWorkspace(mixed, async (workspace) => {
      const { report } = await runRoot(workspace)
      const { lineageRows, outcome } = reportOf(report, '1')
      const retryIndex = outcome.type === 'done' ? outcome.retryIndex : null
      expect(reportOf(report, String(retryIndex))).toMatchObject({
        rootIndex: '1',
        lineageRows,
        requestsSent: null,
        unconfirmed: null,
      })
    }))

  test('is not known to a run that neither wrote nor finished results', () =>
    withWorkspace(mixed, async (workspace) => {
      await runRoot(workspace)
      const { report } = await runRoot(workspace)
      expect(report.triples).toMatchObject([{ lineageRows: null, failedForGood: null, requestsSent: null }])
    }))
})

describe('the status of finished lineages', () => {
  test('counts what the last attempt left', () =>
    withWorkspace(mixed, async (workspace) => {
      const { report } = await runRoot(workspace)
      const { outcome } = reportOf(report, '1')
      const retryIndex = outcome.type === 'done' ? outcome.retryIndex : null
      expect((await workspaceStatus(workspace)).failedForGood).toMatchObject({
        lineages: [{ rootIndex: '1', failedForGood: { ...noRows, permanent: 1 } }],
        unread: 0,
      })
      putFiles(workspace.root, { [`workdir/batch_error_${retryIndex}.jsonl`]: jsonl(errorLine('b')) })
      await runRoot(workspace)
      expect((await workspaceStatus(workspace)).failedForGood).toEqual({
        lineages: [
          {
            rootIndex: '1',
            rows: { ...noRows, success: 1, permanent: 2 },
            failedForGood: { ...noRows, permanent: 2 },
          },
        ],
        unread: 0,
      })
    }))

  test('is not stopped by results or a root index that nobody can use', () =>
    withWorkspace(mixed, async (workspace) => {
      await runRoot(workspace, 1)
      writeFileSync(workspace.layout.resultsFile('1'), 'no row\n')
      expect((await workspaceStatus(workspace)).failedForGood).toEqual({ lineages: [], unread: 1 })
      const metadata = join(workspace.layout.done, 'batch_metadata_1.jsonl')
      writeFileSync(metadata, '{"batch_id":"","input_file_id":"","root_index":"../../x"}\n')
      expect((await workspaceStatus(workspace)).failedForGood).toEqual({ lineages: [], unread: 1 })
    }))
})
