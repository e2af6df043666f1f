import { traitsOf } from '../../machines/index.js'
import type { AttemptRows } from '../accounting/results/attempt-rows.js'
import { keepRawAnswer } from '../accounting/results/raw-answers.js'
import { rejectRow, type ReconciledRow } from '../accounting/rows/evaluate-row.js'
import { resultRowText, toResultRow } from '../accounting/rows/result-row.js'
import { isBatchReconciliationError, reconciliationError } from '../errors.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { Attempt } from './attempt.js'
import type { TripleDependencies } from './dependencies.js'
import type { RowContext } from './processors.js'

/** Hands a row to the callback it is for, and keeps what became of it. Gives the row as it was written. */
export async function finishRow(
  dependencies: TripleDependencies,
  attempt: Attempt,
  rows: AttemptRows,
  judgedRow: ReconciledRow,
): Promise<string> {
  const row = await judged(attempt, judgedRow.customId, () => callBack(dependencies, attempt, judgedRow))
  await keepRawText(dependencies, attempt, row)
  const { index } = attempt.facts
  const retryIndex = row.isRetryable ? attempt.retryIndexOf(row.customId) : null
  const resultRow = toResultRow(row, { index, attempt: attempt.number, retryIndex })
  await rows
    .append(resultRow, row.class === 'success' ? null : row.line?.text)
    .catch(asFileProblem({ path: attempt.rowsPath, action: 'write', index }))
  return resultRowText(resultRow)
}

async function callBack(
  dependencies: TripleDependencies,
  { facts, contentType }: Attempt,
  row: ReconciledRow,
): Promise<ReconciledRow> {
  const { index, rootIndex, attempt } = facts
  const { callback } = traitsOf(row.class)
  const processor = dependencies[callback]
  if (processor === undefined) return row
  const context: RowContext = { index, rootIndex, attempt, idempotencyKey: `${rootIndex}/${row.customId}` }
  const decision = await processor(row, context)
  if (callback !== 'processOutput' || decision === undefined) return row
  const error = { code: 'rejected_by_processor', message: decision.reject }
  return rejectRow(row, error, { ...dependencies, contentType })
}

/** Runs code of the user: schema, callback or retry policy. Whatever it throws stops this triple and no other. */
export async function judged<T>({ facts }: Attempt, customId: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    if (isBatchReconciliationError(cause)) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw reconciliationError(
      {
        code: 'ProcessorThrew',
        message: `Your code threw at request "${customId.slice(0, 100)}" of triple ${facts.index}: ${reason.slice(0, 500)}`,
        hint: 'Mend it and run again: the rows before this one are not handed over a second time.',
        facts: { index: facts.index, customId: customId.slice(0, 100) },
      },
      { index: facts.index, cause },
    )
  }
}

async function keepRawText(
  { workspace }: TripleDependencies,
  { facts }: Attempt,
  { rawText, customId }: ReconciledRow,
): Promise<void> {
  if (rawText === null) return
  const directory = workspace.layout.failedJsonRepairs
  await keepRawAnswer({ fs: workspace.fileSystem, directory, index: facts.index, customId, rawText }).catch(
    asFileProblem({ path: directory, action: 'write into', index: facts.index }),
  )
}
