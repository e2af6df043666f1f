import type { StepInput, TripleFacts } from '../../machines/index.js'
import { writeFailedItems } from '../accounting/results/failed-items.js'
import { publishResults } from '../accounting/results/publish-results.js'
import type { RequestLedger } from '../accounting/request-ledger.js'
import { reconciliationError } from '../errors.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { requireProvenTriple } from '../workspace/move.js'
import { describeAttempt, knownRows } from './attempt.js'
import { accountFor } from './check-ids.js'
import type { Step, TripleDependencies } from './dependencies.js'

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
  if (index !== rootIndex) await requireRootPublished(dependencies, facts)
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

/** Between the sending of a retry and the results of its root lie seconds, or the time in which a worker is taken for gone. */
const rootFollowsWithinMs = 600_000

/**
 * A retry is sent before the results of its root are published, and on a slow disk, or with another worker, it may be back
 * first. Its rows take the place of others, so it waits for them. Later than that the root has stopped, and waiting alone
 * does not help.
 */
async function requireRootPublished(
  { workspace: { fileSystem, layout }, clock }: TripleDependencies,
  { index, rootIndex, submittedAtMs }: TripleFacts,
): Promise<void> {
  const path = layout.resultsFile(rootIndex)
  if ((await fileSystem.stat(path)) !== null) return
  // Whose input left workdir/ has been published: then the results are there by now, or somebody took them away.
  if ((await fileSystem.stat(layout.workdirFile('input', rootIndex))) === null) return
  throw reconciliationError(
    {
      code: 'ReconciliationFailed',
      message: `Triple ${index} is a retry of triple ${rootIndex}, whose results are not published yet; nothing was published.`,
      hint: `It follows once triple ${rootIndex} is done: see what that one waits for, then run again.`,
      isPassing: submittedAtMs !== null && Math.abs(clock.now() - submittedAtMs) < rootFollowsWithinMs,
      facts: { index, rootIndex, path },
    },
    { index },
  )
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
