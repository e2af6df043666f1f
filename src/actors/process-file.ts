import type { AttemptRows } from '../accounting/results/attempt-rows.js'
import { readRows, type Row } from '../accounting/read-rows.js'
import { evaluateAnswer, evaluateRow } from '../accounting/rows/evaluate-row.js'
import { readResultLine } from '../accounting/rows/result-line.js'
import { givenAnswer } from '../accounting/scan/given-answer.js'
import { plainSuccess, type AnswerParts } from '../accounting/scan/plain-answers.js'
import { PlainResults } from '../accounting/scan/plain-results.js'
import type { PlainRow } from '../accounting/scan/scanned-rows.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { fileChanged, requireProven } from '../workspace/proven-file.js'
import type { Attempt } from './attempt.js'
import type { TripleDependencies } from './dependencies.js'
import { finishRow, judged } from './finish-row.js'
import { rowCountsOf } from './row-counts.js'

type FileOfAnswers = 'output' | 'error'

/** Finishes the rows of one file whose answer counts, and that no earlier run has finished. */
export async function processFile(
  dependencies: TripleDependencies,
  attempt: Attempt,
  rows: AttemptRows,
  kind: FileOfAnswers,
  signal: AbortSignal,
): Promise<void> {
  const path = attempt.facts[kind]?.path
  if (path === undefined) return
  const { index } = attempt.facts
  const proven = attempt.accounted.accounting.files.find((file) => file.kind === kind)
  if (proven !== undefined) await requireProven(dependencies.workspace, index, proven)
  const processing = new FileProcessing(dependencies, attempt, rows, kind)
  const file = await readRows({
    fs: dependencies.workspace.fileSystem,
    index,
    kind,
    path,
    signal,
    onUnreadable: () => undefined,
    onPlainRow: (row) => processing.takePlain(row),
    onRow: (row) => processing.take(row),
  })
  if (proven !== undefined && proven.sha256 !== file.sha256) throw fileChanged(index, path, 'has other bytes')
}

class FileProcessing {
  readonly #dependencies: TripleDependencies
  readonly #attempt: Attempt
  readonly #rows: AttemptRows
  readonly #kind: FileOfAnswers
  readonly #results: PlainResults | null

  constructor(dependencies: TripleDependencies, attempt: Attempt, rows: AttemptRows, kind: FileOfAnswers) {
    this.#dependencies = dependencies
    this.#attempt = attempt
    this.#rows = rows
    this.#kind = kind
    this.#results = plainResultsOf(dependencies, attempt, kind)
  }

  /** Several lines may answer one request; the accounting chose which one counts. */
  take(row: Row): Promise<void> | undefined {
    const { ledger } = this.#attempt.accounted
    const ordinal = ledger.ordinalOf(row.id)
    const counts = ordinal !== -1 && ledger.isAnsweredAt(ordinal, this.#kind, row.position.offset)
    return counts && !this.#rows.has(row.id) ? this.#process(row, ordinal) : undefined
  }

  /** False for a row that has to be parsed. */
  takePlain(row: PlainRow): boolean | Promise<void> {
    const { ledger } = this.#attempt.accounted
    const ordinal = row.isIdEscaped ? -1 : ledger.ordinalOfPlain(row)
    if (ordinal === -1) return false
    if (!ledger.isAnsweredAt(ordinal, this.#kind, row.offset) || this.#rows.hasPlain(row)) return true
    const promise = ledger.promiseAt(ordinal)
    if (this.#results?.canWrite(row, promise) === true) return this.#write(row, this.#results)
    const parts = this.#results === null ? (plainSuccess(row, promise)?.parts ?? null) : null
    return parts !== null && this.#processGiven(row, parts)
  }

  #write(row: PlainRow, results: PlainResults): true | Promise<void> {
    const written = this.#rows.appendPlain(row, results)
    this.#report()
    const { rowsPath: path, facts } = this.#attempt
    return written?.catch(asFileProblem({ path, action: 'write', index: facts.index })) ?? true
  }

  async #processGiven(row: PlainRow, parts: AnswerParts): Promise<void> {
    const given = givenAnswer(row, this.#kind, parts)
    const evaluated = await judged(this.#attempt, given.customId, () => evaluateAnswer(given, this.#options))
    await finishRow(this.#dependencies, this.#attempt, this.#rows, evaluated)
    this.#report()
  }

  async #process({ id, value, text, isTooDeep, position, plain }: Row, ordinal: number): Promise<void> {
    const line = readResultLine(value, { file: this.#kind, line: position.line }, { text, isTooDeep })
    const promise = this.#attempt.accounted.ledger.promiseAt(ordinal)
    const row = await judged(this.#attempt, id, () => evaluateRow(line, this.#options, promise))
    const written = await finishRow(this.#dependencies, this.#attempt, this.#rows, row)
    if (plain !== null) await this.#results?.learn(plain, promise, written)
    this.#report()
  }

  get #options() {
    return { ...this.#dependencies, contentType: this.#attempt.contentType }
  }

  #report(): void {
    if (this.#rows.size % rowsPerReport !== 0) return
    const { index } = this.#attempt.facts
    this.#dependencies.report({ type: 'rows.processed', index, rows: rowCountsOf(this.#rows) })
  }
}

/** Often enough for a progress display, too seldom to be felt. */
const rowsPerReport = 500

/**
 * The results of successes that no code of the user sees are written from the bytes of their rows; `null` when somebody
 * sees them, or their content is not the text as it came.
 */
function plainResultsOf(
  { schema, processOutput }: TripleDependencies,
  { facts: { index }, contentType, number: attempt }: Attempt,
  file: FileOfAnswers,
): PlainResults | null {
  const isSeen = schema !== undefined || processOutput !== undefined
  return isSeen || contentType !== 'text' ? null : new PlainResults({ index, attempt, file })
}
