import type { CheckVerdict, StepInput, TripleFacts } from '../../machines/index.js'
import { lateAnswers, wasCutShort } from '../../machines/index.js'
import type { AccountedTriple } from '../accounting/account.js'
import { acceptCommand } from '../accounting/accounting-words.js'
import { changeOfInput, explainedBy } from '../accounting/changed-input.js'
import { writeMissingRequests } from '../accounting/missing-requests.js'
import { writeProof, type ProofFacts } from '../accounting/proof.js'
import { writeQuarantine } from '../accounting/quarantine.js'
import { requestCountContradictions } from '../accounting/request-counts.js'
import type { RequestLedger } from '../accounting/request-ledger.js'
import type { TripleAccounting } from '../accounting/triple-accounting.js'
import { totalsOf } from '../accounting/usage/usage-tally.js'
import { doneFileConflict, findConflictsOfFacts } from '../workspace/done-conflicts.js'
import { inputChangeText, type InputChange } from '../workspace/input-identity.js'
import { readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import { usageOfTriple } from './answers-paid.js'
import { accountForFacts } from './account-for-facts.js'
import { accountForArrived } from './arrived-books.js'
import { bytesReporter } from './bytes-reporter.js'
import type { Step, TripleDependencies } from './dependencies.js'

/**
 * Proves that every request is accounted for exactly once, and keeps the proof and the lines nobody could read.
 * A name that is taken in `done/` is found here, before anything is processed.
 */
export const checkIds: Step<StepInput, CheckVerdict> = async (dependencies, { index, facts }, signal) => {
  const { workspace, report } = dependencies
  const conflicts = await findConflictsOfFacts(workspace, facts)
  if (conflicts.length > 0) throw doneFileConflict(index, conflicts)
  const accounted = await accountFor(dependencies, facts, signal)
  const { accounting } = accounted
  const metadata = facts.metadata === null ? null : await readMetadata(workspace, facts.metadata.path)
  const change = changeOfInput(accounting, metadata)
  const contradictions = [
    ...findContradictions(facts, metadata, accounting),
    ...(change === null ? [] : [`${inputChangeText(change)}.`]),
  ]
  const usage = await usageOfTriple(workspace, facts, accounting, metadata, signal)
  await keepEvidence(dependencies, accounting, {
    clock: dependencies.clock,
    isCutShort: wasCutShort(facts),
    contradictions,
    usage,
  })
  await writeMissingRequests(workspace.fileSystem, workspace.layout.missingFile(index), accounted)
  for (const message of [...accounting.warnings, ...contradictions])
    report({ type: 'warning', index, message })
  const verdict = { ...checkVerdict(facts, accounted, change), tokens: totalsOf(usage) }
  return change === null ? withOwner(dependencies, verdict, signal) : verdict
}

/** Answers that are to none of the requests may be those of a triple beside it. */
export async function withOwner(
  { workspace, ownersOfAnswers }: Pick<TripleDependencies, 'workspace' | 'ownersOfAnswers'>,
  verdict: CheckVerdict,
  signal: AbortSignal,
): Promise<CheckVerdict> {
  if (verdict.type === 'accounted') return verdict
  return { ...verdict, problem: await ownersOfAnswers.explained(workspace, verdict.problem, signal) }
}

/** The accounting of the triple's files: kept from the check when they are the same, else made anew. */
export async function accountFor(
  dependencies: TripleDependencies,
  facts: TripleFacts,
  signal: AbortSignal,
): Promise<AccountedTriple> {
  const known = dependencies.accountings.recall(facts)
  if (known !== null) return known
  const { workspace, report } = dependencies
  const onProgress = bytesReporter(facts.index, report)
  const accounted =
    (await accountForArrived(dependencies, facts)) ??
    (await accountForFacts({ workspace, signal, onProgress }, facts))
  dependencies.accountings.remember(facts, accounted)
  return accounted
}

/** What the machine needs to know of an accounting; `change`: the input is not the one that was sent. */
export function checkVerdict(
  facts: TripleFacts,
  { accounting, ledger }: AccountedTriple,
  change: InputChange | null = null,
): CheckVerdict {
  const { counts, verdict, files } = accounting
  switch (verdict.type) {
    case 'balanced':
      return { type: 'accounted', counts, notExecuted: 0 }
    case 'balanced-with-missing': {
      const { missing: isAccepted } = accounting.accepted
      const problem = isAccepted
        ? null
        : lateAnswers(facts, counts, answersInOutput(ledger), acceptCommand(facts.index, files))
      return problem === null
        ? { type: 'accounted', counts, notExecuted: counts.missing }
        : { type: 'ids-missing', counts, problem }
    }
    case 'ids-missing':
    case 'mismatch':
      return { type: verdict.type, counts, problem: explainedBy(change, verdict.problem) }
  }
}

/** Requests whose row stands in the output file, where servers put what they completed. */
function answersInOutput(ledger: RequestLedger): number {
  let found = 0
  for (let ordinal = 0; ordinal < ledger.size; ordinal += 1) {
    if (ledger.answerAt(ordinal)?.file === 'output') found += 1
  }
  return found
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
function findContradictions(
  facts: TripleFacts,
  metadata: BatchMetadata | null,
  accounting: TripleAccounting,
): readonly string[] {
  const reported = metadata?.request_counts
  if (reported == null) return []
  const { total = null, completed = null, failed = null } = reported
  // Requests that an expired or cancelled batch never ran stand in the error file and in no counter of the server.
  const comparableFailed = wasCutShort(facts) ? null : failed
  return requestCountContradictions({ total, completed, failed: comparableFailed }, accounting)
}
