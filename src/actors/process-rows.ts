import { traitsOf, type RowCounts } from '../../machines/index.js'
import type { AttemptRows } from '../accounting/results/attempt-rows.js'
import { keepRawAnswer } from '../accounting/results/raw-answers.js'
import { throwIfInterrupted } from '../accounting/line-reader.js'
import { readRows, type Row } from '../accounting/read-rows.js'
import { evaluateRow, missingRow, rejectRow, type ReconciledRow } from '../accounting/rows/evaluate-row.js'
import type { RequestPromise } from '../accounting/rows/promise.js'
import { readResultLine } from '../accounting/rows/result-line.js'
import { resultRowText, toResultRow } from '../accounting/rows/result-row.js'
import { PlainResults } from '../accounting/scan/plain-results.js'
import type { PlainRow } from '../accounting/scan/scanned-rows.js'
import { isBatchReconciliationError, reconciliationError } from '../errors.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { fileChanged, requireProven } from '../workspace/proven-file.js'
import { openRows, type Attempt } from './attempt.js'
import type { TripleDependencies } from './dependencies.js'
import type { RowContext } from './processors.js'
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

async function processFile(
  dependencies: TripleDependencies,
  attempt: Attempt,
  rows: AttemptRows,
  kind: 'output' | 'error',
  signal: AbortSignal,
): Promise<void> {
  const path = attempt.facts[kind]?.path
  if (path === undefined) return
  const { index } = attempt.facts
  const proven = attempt.accounted.accounting.files.find((file) => file.kind === kind)
  if (proven !== undefined) await requireProven(dependencies.workspace, index, proven)
  const plainResults = plainResultsOf(dependencies, attempt, kind)
  const file = await readRows({
    fs: dependencies.workspace.fileSystem,
    index,
    kind,
    path,
    signal,
    onUnreadable: () => undefined,
    onPlainRow: (row) =>
      plainResults !== null && processPlainRow(dependencies, attempt, rows, { kind, results: plainResults, row }),
    onRow: (row) =>
      counts(attempt, kind, row)
        ? processLine(dependencies, attempt, rows, { kind, row, plainResults })
        : undefined,
  })
  if (proven !== undefined && proven.sha256 !== file.sha256) throw fileChanged(index, path, 'has other bytes')
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

/** Several lines may answer one request; the accounting chose which one counts. */
function counts({ accounted }: Attempt, kind: 'output' | 'error', { id, position }: Row): boolean {
  const ordinal = accounted.ledger.ordinalOf(id)
  const answer = ordinal === -1 ? null : accounted.ledger.answerAt(ordinal)
  return answer !== null && answer.file === kind && answer.offset === position.offset
}

function promiseTo({ accounted: { ledger } }: Attempt, id: string): RequestPromise {
  return ledger.promiseAt(ledger.ordinalOf(id))
}

interface LineOfFile {
  readonly kind: 'output' | 'error'
  readonly row: Row
  readonly plainResults: PlainResults | null
}

async function processLine(
  dependencies: TripleDependencies,
  attempt: Attempt,
  rows: AttemptRows,
  { kind, row: { id, value, text, isTooDeep, position, plain }, plainResults }: LineOfFile,
): Promise<void> {
  if (rows.has(id)) return
  const line = readResultLine(value, { file: kind, line: position.line }, { text, isTooDeep })
  const promise = promiseTo(attempt, id)
  const row = await judged(attempt, id, () =>
    evaluateRow(line, { ...dependencies, contentType: attempt.contentType }, promise),
  )
  const written = await finishRow(dependencies, attempt, rows, row)
  if (plain !== null && plainResults !== null) await plainResults.learn(plain, promise, written)
  reportRows(dependencies, attempt, rows)
}

/**
 * The results of successes that no code of the user sees are written from the bytes of their rows; `null` when somebody
 * sees them, or their content is not the text as it came.
 */
function plainResultsOf(
  { schema, processOutput }: TripleDependencies,
  { facts: { index }, contentType, number: attempt }: Attempt,
  file: 'output' | 'error',
): PlainResults | null {
  const isSeen = schema !== undefined || processOutput !== undefined
  return isSeen || contentType !== 'text' ? null : new PlainResults({ index, attempt, file })
}

/** False for a row that has to be looked at. */
function processPlainRow(
  dependencies: TripleDependencies,
  attempt: Attempt,
  rows: AttemptRows,
  { kind, results, row }: Pick<LineOfFile, 'kind'> & { readonly results: PlainResults; readonly row: PlainRow },
): boolean | Promise<void> {
  const { ledger } = attempt.accounted
  const ordinal = row.isIdEscaped ? -1 : ledger.ordinalOfPlain(row)
  if (ordinal === -1) return false
  if (!ledger.isAnsweredAt(ordinal, kind, row.offset)) return true
  if (!results.canWrite(row, ledger.promiseAt(ordinal))) return false
  if (rows.hasPlain(row)) return true
  const written = rows.appendPlain(row, results)
  reportRows(dependencies, attempt, rows)
  const { rowsPath: path, facts } = attempt
  return written?.catch(asFileProblem({ path, action: 'write', index: facts.index })) ?? true
}

function reportRows({ report }: TripleDependencies, { facts }: Attempt, rows: AttemptRows): void {
  if (rows.size % rowsPerReport !== 0) return
  report({ type: 'rows.processed', index: facts.index, rows: rowCountsOf(rows) })
}

/** Often enough for a progress display, too seldom to be felt. */
const rowsPerReport = 500

/** Gives the row as it was written. */
async function finishRow(
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
    .append(resultRow, row.line?.text)
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
async function judged<T>({ facts }: Attempt, customId: string, act: () => Promise<T>): Promise<T> {
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
