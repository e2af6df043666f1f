import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openAttemptRows } from '../../../src/accounting/results/attempt-rows.js'
import type { ResultRow, RowToWrite } from '../../../src/accounting/rows/result-row.js'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'batch-results-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

/** A row as the processing makes it. */
export function rowOf(customId: string, more: Partial<ResultRow> = {}): ResultRow {
  return {
    custom_id: customId,
    outcome: 'success',
    content: `answer to ${customId}`,
    finish_reason: 'stop',
    usage: null,
    attempt: 1,
    source: { index: '1', file: 'output', line: 1 },
    ...more,
  }
}

/** A row of a request that failed. */
export function failedRow(customId: string, more: Partial<ResultRow> = {}): ResultRow {
  const { content: _, ...row } = rowOf(customId)
  return { ...row, outcome: 'transient', error: { code: 'server_error', message: 'm' }, ...more }
}

/** Writes a whole file of attempt rows. */
export async function writeRows(
  path: string,
  rows: readonly RowToWrite[],
  originals: readonly (string | null)[] = [],
): Promise<void> {
  const file = await openAttemptRows(nodeFileSystem, path, 'key')
  for (const [at, row] of rows.entries()) await file.append(row, originals[at])
  await file.close()
}
