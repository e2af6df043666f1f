import { sumOfRows, type AccountingCounts, type Problem, toProblem } from '../../machines/index.js'
import { isBatchReconciliationError } from '../errors.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { FileSystem } from '../workspace/file-system.js'
import { countOf, countText } from '../units.js'
import { readLineageRows } from './results/lineage-rows.js'

export interface VerifyResultsOptions {
  readonly fs: FileSystem
  /** Of the root whose requests they are. */
  readonly index: string
  /** `target/batch_results_<root index>.jsonl`. */
  readonly resultsPath: string
  /** Of the root, as counted now. */
  readonly counts: AccountingCounts
}

/**
 * Looks whether the results of a lineage still have one readable row for each request of its root; what a row says is not
 * compared. `null` when they do, and when they are not there: whoever has used them may take them away.
 */
export async function problemOfResults(options: VerifyResultsOptions): Promise<Problem | null> {
  const { resultsPath } = options
  try {
    const rows = await rowsOf(options).catch(asFileProblem({ path: resultsPath, action: 'read' }))
    return rows === null ? null : compared(options, rows)
  } catch (error) {
    if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
    const problem = toProblem(error)
    // What the disk refused has its own way on: the rows may be as good as ever.
    return error.code === 'ReconciliationFailed' ? { ...problem, hint: cure } : problem
  }
}

async function rowsOf({ fs, resultsPath }: VerifyResultsOptions): Promise<number | null> {
  if ((await fs.stat(resultsPath)) === null) return null
  const { rows } = await readLineageRows(fs, resultsPath)
  return sumOfRows(rows, 'ok') + sumOfRows(rows, 'failed')
}

function compared({ index, resultsPath, counts }: VerifyResultsOptions, rows: number): Problem | null {
  const requests = counts.matched + counts.missing
  if (rows === requests) return null
  return {
    code: 'ProofMismatch',
    message: `${resultsPath} has ${countOf(rows, 'row')} for ${countText(requests)} requests of triple ${index}.`,
    hint: cure,
    needsPerson: true,
    facts: { index, path: resultsPath, rows, requests },
  }
}

const cure = 'The results were changed after they were written. Put them back from a backup.'
