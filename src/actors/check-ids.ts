import type { CheckVerdict, StepInput, TripleFacts } from '../../machines/index.js'
import { isCutShortStatus } from '../../machines/index.js'
import { accountForTriple, type AccountedTriple } from '../accounting/account.js'
import { writeMissingRequests } from '../accounting/missing-requests.js'
import { writeProof, type ProofFacts } from '../accounting/proof.js'
import { writeQuarantine } from '../accounting/quarantine.js'
import { requestCountContradictions } from '../accounting/request-counts.js'
import type { TripleAccounting } from '../accounting/triple-accounting.js'
import { reconciliationError } from '../errors.js'
import { doneFileConflict, findDoneConflicts } from '../workspace/done-conflicts.js'
import { locateTriple } from '../workspace/locate-triple.js'
import { readMetadata } from '../workspace/metadata.js'
import { bytesReporter } from './bytes-reporter.js'
import type { Step, TripleDependencies } from './dependencies.js'

/**
 * Proves that every request is accounted for exactly once, and keeps the proof and the lines nobody could read.
 * A name that is taken in `done/` is found here, before anything is processed.
 */
export const checkIds: Step<StepInput, CheckVerdict> = async (dependencies, { index, facts }, signal) => {
  const { workspace, report } = dependencies
  const conflicts = await findDoneConflicts(workspace, await locateTriple(workspace, index))
  if (conflicts.length > 0) throw doneFileConflict(index, conflicts)
  const accounted = await accountFor(dependencies, facts, signal)
  const { accounting } = accounted
  const contradictions = await findContradictions(dependencies, facts, accounting)
  await keepEvidence(dependencies, accounting, {
    clock: dependencies.clock,
    isCutShort: isCutShortStatus(facts.remoteStatus),
    contradictions,
  })
  await writeMissingRequests(workspace.fileSystem, workspace.layout.missingFile(index), accounted)
  for (const message of [...accounting.warnings, ...contradictions])
    report({ type: 'warning', index, message })
  return checkVerdict(accounting)
}

/** The accounting of the triple's files: kept from the check when they are the same, else made anew. */
export async function accountFor(
  dependencies: TripleDependencies,
  facts: TripleFacts,
  signal: AbortSignal,
): Promise<AccountedTriple> {
  const known = dependencies.accountings.recall(facts)
  if (known !== null) return known
  const accounted = await countRows(dependencies, facts, signal)
  dependencies.accountings.remember(facts, accounted)
  return accounted
}

/** What the machine needs to know of an accounting. */
export function checkVerdict({ counts, verdict }: TripleAccounting): CheckVerdict {
  switch (verdict.type) {
    case 'balanced':
      return { type: 'accounted', counts, notExecuted: 0 }
    case 'balanced-with-missing':
      return { type: 'accounted', counts, notExecuted: counts.missing }
    case 'ids-missing':
    case 'mismatch':
      return { type: verdict.type, counts, problem: verdict.problem }
  }
}

async function countRows(
  { workspace, report }: TripleDependencies,
  facts: TripleFacts,
  signal: AbortSignal,
): Promise<AccountedTriple> {
  const { index, input, output, error, remoteStatus } = facts
  if (input === null) throw missingPath(index)
  return accountForTriple({
    fs: workspace.fileSystem,
    index,
    input: input.path,
    output: output?.path ?? null,
    error: error?.path ?? null,
    isCutShort: isCutShortStatus(remoteStatus),
    signal,
    onProgress: bytesReporter(index, report),
  })
}

async function keepEvidence(
  { workspace }: TripleDependencies,
  accounting: TripleAccounting,
  proofFacts: ProofFacts,
): Promise<void> {
  const { fileSystem, layout } = workspace
  const { index } = accounting
  await writeQuarantine(fileSystem, layout.unreadableFile(index), accounting)
  await writeProof(fileSystem, layout.accountingFile(index), accounting, proofFacts)
}

/** The server's own counts are never trusted; where they differ from the files, people want to know. */
async function findContradictions(
  { workspace }: TripleDependencies,
  { metadata, remoteStatus }: TripleFacts,
  accounting: TripleAccounting,
): Promise<readonly string[]> {
  if (metadata === null) return []
  const reported = (await readMetadata(workspace, metadata.path))?.request_counts
  if (reported == null) return []
  const { total = null, completed = null, failed = null } = reported
  // Requests that an expired or cancelled batch never ran stand in the error file and in no counter of the server.
  const comparableFailed = isCutShortStatus(remoteStatus) ? null : failed
  return requestCountContradictions({ total, completed, failed: comparableFailed }, accounting)
}

function missingPath(index: string): Error {
  return reconciliationError(
    { code: 'MissingFilePath', message: `Triple ${index} has no input file whose ids could be checked.` },
    { index },
  )
}
