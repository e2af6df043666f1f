import { attemptOfRetry, type RetryResult, type StepInput } from '../../machines/index.js'
import { readRetryIds, writeRetryInput, type RetryInput } from '../accounting/results/retry-input.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { requireSentInput } from '../workspace/input-identity.js'
import { emptyMetadata, readMetadata, updateMetadata, type BatchMetadata } from '../workspace/metadata.js'
import { changeOfInput, inputOf } from '../accounting/changed-input.js'
import { describeAttempt, knownRows, type Attempt } from './attempt.js'
import { accountFor } from './check-ids.js'
import type { Step, TripleDependencies } from './dependencies.js'

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

  // Metadata first: an input without it would be taken for a root triple of its own.
  await writeLineage(dependencies, attempt, parent, retryIndex, { request_count: retryableIds.size })
  const path = layout.workdirFile('input', retryIndex)
  const written = await writeRetryInput({
    fs: fileSystem,
    inputPath: facts.input.path,
    inputSha256: inputOf(attempt.accounted.accounting)?.sha256,
    retryableIds,
    targetPath: path,
    signal,
  }).catch(asFileProblem({ path, action: 'write', index: facts.index }))
  await writeLineage(dependencies, attempt, parent, retryIndex, inputFacts(written))
  const { requests } = written
  const willBeSubmitted =
    dependencies.provider !== null && dependencies.maySubmitRetries && !mayBePaid(attempt)
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

function inputFacts({ requests, sha256 }: RetryInput) {
  return { request_count: requests, input_sha256: sha256 }
}

/** Somebody went on without answers that may exist: to send those requests again can pay for them twice. */
function mayBePaid({ accounted: { accounting } }: Attempt): boolean {
  return accounting.accepted.missing && accounting.counts.missing > 0
}

async function writeLineage(
  { workspace, clock }: TripleDependencies,
  attempt: Attempt,
  parent: BatchMetadata | null,
  retryIndex: string,
  input: { readonly request_count: number; readonly input_sha256?: string },
): Promise<void> {
  const { facts, contentType } = attempt
  const path = workspace.layout.workdirFile('metadata', retryIndex)
  const existing = await readMetadata(workspace, path)
  await updateMetadata(workspace, path, {
    ...(existing ?? { ...emptyMetadata, created_at_ms: clock.now() }),
    endpoint: parent?.endpoint ?? null,
    model: parent?.model ?? null,
    content_type: contentType,
    attempt: attemptOfRetry(facts),
    parent_index: facts.index,
    root_index: facts.rootIndex,
    ...(mayBePaid(attempt) ? { needs_leave: true } : {}),
    ...input,
  })
}
