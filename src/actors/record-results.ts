import type { StepInput } from '../../machines/index.js'
import { writeFailedItems } from '../accounting/results/failed-items.js'
import { publishResults } from '../accounting/results/publish-results.js'
import type { RequestLedger } from '../accounting/request-ledger.js'
import { reconciliationError } from '../errors.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { requireProvenTriple } from '../workspace/move.js'
import { describeAttempt, knownRows } from './attempt.js'
import { accountFor } from './check-ids.js'
import type { Step } from './dependencies.js'

/**
 * Publishes the results: exactly one row for each request of the lineage's root, and the rows that failed for good
 * once more in `failed-items/`. Repeating it gives the same files. Nothing is published of a triple whose files are no
 * longer those that were counted, or that has one more.
 */
export const recordResults: Step<StepInput, void> = async (dependencies, { facts }, signal) => {
  const { workspace, report, lineages, ownership } = dependencies
  const { fileSystem: fs, layout } = workspace
  const { index, rootIndex } = facts
  const accounted = await accountFor(dependencies, facts, signal)
  await requireProvenTriple(workspace, index, accounted.accounting.files)
  const attempt = await describeAttempt(dependencies, facts, accounted)
  const { rowsPath: attemptRowsPath } = attempt
  if ((await fs.stat(attemptRowsPath)) === null) throw nothingProcessed(index, attemptRowsPath)
  const attemptRows = await knownRows(dependencies, attempt)
  const targetPath = layout.resultsFile(rootIndex)
  const baseOrder = index === rootIndex ? idsOf(accounted.ledger) : 'results'
  const published = await ownership
    .withResults(workspace, rootIndex, async ({ fileSystem: ours }) => {
      const found = await publishResults({
        fs: ours,
        attemptRowsPath,
        attemptRows,
        baseOrder,
        targetPath,
        signal,
      })
      lineages.note(rootIndex, found.lineage)
      return found
    })
    .catch(asFileProblem({ path: targetPath, action: 'write', index }))
  const failedPath = layout.failedFile(index)
  await writeFailedItems({ fs, attemptRowsPath, attemptRows, targetPath: failedPath }).catch(
    asFileProblem({ path: failedPath, action: 'write', index }),
  )
  const { rows, lineage } = published
  report({
    type: 'results.published',
    index,
    path: targetPath,
    rows,
    lineageRows: lineage.rows,
    failedForGood: lineage.failedForGood,
  })
}

/** Only callers with a course of action of their own get here before the rows are made. */
function nothingProcessed(index: string, path: string): Error {
  return reconciliationError(
    {
      code: 'ReconciliationFailed',
      message: `Triple ${index} has no processed rows (${path} is not there); nothing was published.`,
      hint: 'Process its output and its error file first; `run` does all of it.',
      facts: { index, path },
    },
    { index },
  )
}

function* idsOf(ledger: RequestLedger): Generator<string, void, undefined> {
  for (let ordinal = 0; ordinal < ledger.size; ordinal += 1) yield ledger.idAt(ordinal)
}
