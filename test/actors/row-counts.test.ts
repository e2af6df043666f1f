import { expect, test } from 'vitest'
import { noRows } from '../../machines/index.js'
import { openAttemptRows } from '../../src/accounting/results/attempt-rows.js'
import { rowCountsOf } from '../../src/actors/row-counts.js'
import { failedRow, rowOf } from '../accounting/results/rows-on-disk.js'
import { stepScene } from './support.js'

test('rows of an attempt are counted by class, and those that are sent again once more', async () => {
  const { workspace } = await stepScene({})
  const rows = await openAttemptRows(workspace.fileSystem, workspace.layout.rowsFile('1'), 'key')
  expect(rowCountsOf(rows)).toEqual(noRows)
  await rows.append(rowOf('a'))
  await rows.append(rowOf('b'))
  await rows.append(failedRow('c', { outcome: 'not-executed', retry: '2' }))
  await rows.append(failedRow('d', { outcome: 'needs-person' }))
  expect(rowCountsOf(rows)).toEqual({ ...noRows, success: 2, notExecuted: 1, needsPerson: 1, retryable: 1 })
  await rows.close()
})
