import { attemptOfRetry, type RetryResult, type StepInput } from '../../machines/index.js'
import { readRetryIds, writeRetryInput } from '../accounting/results/retry-input.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { requireSentInput } from '../workspace/input-identity.js'
import { readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import { changeOfInput, inputOf } from '../accounting/changed-input.js'
import { describeAttempt, knownRows, type Attempt } from './attempt.js'
import { accountFor } from './check-ids.js'
import type { Step, TripleDependencies } from './dependencies.js'
import { noteLineage, type LineageNote } from './retry-lineage.js'

/**
 * RetryFailedRequests: a new triple in `workdir/` with exactly the requests that failed for a passing reason, byte
 * for byte; one for each part where the batch alone was too large. Sending it is that triple's own step. The same
 * failure gives the same triples, so a restart makes no second one.
 * An input that is not the one that was sent stops it (`InputChanged`): nobody answered for those requests.
 */
export const retryFailedRequests: Step<StepInput, RetryResult> = async (dependencies, { facts }, signal) => {
  const attempt = await describeAttempt(dependencies, facts, await accountFor(dependencies, facts, signal))
  const written: string[] = []
  let requests = 0
  for (const retryIndex of attempt.retryIndices) {
    const count = await dependencies.ownership.withTriple(dependencies.workspace, retryIndex, (workspace) =>
      writeRetry({ ...dependencies, workspace }, attempt, retryIndex, signal),
    )
    if (count > 0) written.push(retryIndex)
    requests += count
  }
  return { retryIndex: written[0] ?? null, retryIndices: written, requests }
}

/** Gives how many requests the retry has; nothing is written for none. */
async function writeRetry(
  dependencies: TripleDependencies,
  attempt: Attempt,
  retryIndex: string,
  signal: AbortSignal,
): Promise<number> {
  const { facts, rowsPath } = attempt
  const { fileSystem, layout } = dependencies.workspace
  if (facts.input === null) return 0
  const table = await knownRows(dependencies, attempt)
  const retryableIds = await readRetryIds(fileSystem, rowsPath, retryIndex, table)
  if (retryableIds.size === 0) return 0
  if (await isFinishedAlready(dependencies, retryIndex)) return retryableIds.size
  const parent =
    facts.metadata === null ? null : await readMetadata(dependencies.workspace, facts.metadata.path)
  requireSentInput(changeOfInput(attempt.accounted.accounting, parent))

  const lineage = lineageOf(attempt, parent)
  const needsLeave = mayBePaid(attempt)
  // Metadata first: an input without it would be taken for a root triple of its own.
  const expected = { request_count: retryableIds.size }
  await noteLineage(dependencies, { retryIndex, lineage, input: expected, needsLeave })
  const path = layout.workdirFile('input', retryIndex)
  const written = await writeRetryInput({
    fs: fileSystem,
    inputPath: facts.input.path,
    inputSha256: inputOf(attempt.accounted.accounting)?.sha256,
    retryableIds,
    targetPath: path,
    signal,
  }).catch(asFileProblem({ path, action: 'write', index: facts.index }))
  const { requests, sha256 } = written
  const input = { request_count: requests, input_sha256: sha256 }
  await noteLineage(dependencies, { retryIndex, lineage, input, needsLeave })
  const willBeSubmitted = dependencies.provider !== null && dependencies.maySubmitRetries && !needsLeave
  dependencies.report({
    type: 'retry.written',
    index: facts.index,
    retryIndex,
    requests,
    path,
    willBeSubmitted,
  })
  return requests
}

/** The retry has been through all of this before its parent could move: a crash, and then a run over both. */
async function isFinishedAlready({ workspace }: TripleDependencies, retryIndex: string): Promise<boolean> {
  return (await workspace.fileSystem.stat(workspace.layout.doneFile('input', retryIndex))) !== null
}

/** Somebody went on without answers that may exist: to send those requests again can pay for them twice. */
function mayBePaid({ accounted: { accounting } }: Attempt): boolean {
  return accounting.accepted.missing && accounting.counts.missing > 0
}

const lineageOf = (
  { facts, contentType }: Attempt,
  parent: BatchMetadata | null,
): LineageNote['lineage'] => ({
  endpoint: parent?.endpoint ?? null,
  model: parent?.model ?? null,
  content_type: contentType,
  attempt: attemptOfRetry(facts),
  parent_index: facts.index,
  root_index: facts.rootIndex,
})
