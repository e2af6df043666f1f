import type { RowCounts } from '../../machines/index.js'
import { throwIfInterrupted } from '../accounting/line-reader.js'
import type { AttemptRows } from '../accounting/results/attempt-rows.js'
import { missingRow, type ReconciledRow } from '../accounting/rows/evaluate-row.js'
import { isBatchReconciliationError } from '../errors.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { openRows, type Attempt } from './attempt.js'
import type { TripleDependencies } from './dependencies.js'
import { finishRow } from './finish-row.js'
import { processFile } from './process-file.js'
import { rowCountsOf } from './row-counts.js'

/**
 * Hands the rows of the output file to the callbacks, one after the other, and keeps what became of each. A row that
 * an earlier run finished is passed over. A throw ends it there; the rows before it stay finished.
 */
export function processOutputRows(
  dependencies: TripleDependencies,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<RowCounts> {
  return withRows(dependencies, attempt, (rows) => processFile(dependencies, attempt, rows, 'output', signal))
}

/**
 * The same for the error file, and for the requests that a batch which was cut short never executed: no file mentions
 * those.
 */
export function processErrorRows(
  dependencies: TripleDependencies,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<RowCounts> {
  return withRows(dependencies, attempt, async (rows) => {
    await processFile(dependencies, attempt, rows, 'error', signal)
    await processMissing(dependencies, attempt, rows, signal)
  })
}

async function processMissing(
  dependencies: TripleDependencies,
  attempt: Attempt,
  rows: AttemptRows,
  signal: AbortSignal,
): Promise<void> {
  const { accounted } = attempt
  for (const ordinal of accounted.ledger.missing()) {
    throwIfInterrupted(signal)
    const customId = accounted.ledger.idAt(ordinal)
    if (rows.has(customId)) continue
    await finishRow(dependencies, attempt, rows, absentRow(attempt, customId))
  }
}

/** A request that no file mentions. */
function absentRow({ facts, accounted }: Attempt, customId: string): ReconciledRow {
  const { splitParts, remoteStatus } = facts
  const row = missingRow(customId, remoteStatus, accounted.accounting.accepted.missing)
  if (splitParts === null) return row
  const message = `The server had no room for the whole batch and ran nothing of it; the request goes on in one of ${splitParts} parts.`
  return { ...row, error: { code: 'token_limit_exceeded', message } }
}

async function withRows(
  dependencies: TripleDependencies,
  attempt: Attempt,
  work: (rows: AttemptRows) => Promise<void>,
): Promise<RowCounts> {
  const rows = await openRows(dependencies, attempt)
  const { rowsPath: path, facts } = attempt
  try {
    await work(rows)
  } catch (error) {
    // Rows that were read from other bytes must not be taken for those of this attempt.
    if (isBatchReconciliationError(error) && error.code === 'FileChangedDuringRun') await rows.discard()
    throw error
  } finally {
    // Also after a throw: rows that are finished must not reach the callbacks again.
    await rows.close().catch(asFileProblem({ path, action: 'write', index: facts.index }))
  }
  dependencies.accountings.rememberRows(attempt.sourceKey, rows.table)
  const counted = rowCountsOf(rows)
  dependencies.report({ type: 'rows.processed', index: attempt.facts.index, rows: counted })
  return counted
}
