import {
  canBeCancelled,
  doneState,
  isEndedStatus,
  type AccountingCounts,
  type CheckVerdict,
  type TripleFacts,
} from '../../machines/index.js'
import type { AccountedTriple } from '../accounting/account.js'
import { nothingAccepted, type AcceptedFaults } from '../accounting/triple-accounting.js'
import { accountAs } from '../actors/account-for-facts.js'
import { bytesReporter } from '../actors/bytes-reporter.js'
import { checkVerdict } from '../actors/check-ids.js'
import { surveyFacts } from '../actors/survey-triple.js'
import { reconciliationError } from '../errors.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import { findTriple } from '../workspace/locate-triple.js'
import { metadataPath, updateMetadata } from '../workspace/metadata.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import type { ReconcileWorkspaceOptions } from './options.js'
import { onePass, withWorkspace } from './reconcile-workspace.js'
import type { WorkspaceReport } from './report.js'
import type { Run } from './run.js'

export interface AcceptOptions extends ReconcileWorkspaceOptions {
  /** Which of two different answers to one request counts, in the order of output, then error file. */
  readonly keep?: 'first' | 'last' | undefined
}

export interface AcceptReport extends WorkspaceReport {
  readonly index: BatchIndex
  /** What was taken as it is: requests without an answer, rows nobody can read, requests with two different answers. */
  readonly accepted: Pick<AccountingCounts, 'missing' | 'conflicting'> & { readonly unrecognised: number }
}

/**
 * Goes on with what is here, because a person says so: answers that are missing stay missing for now, rows that nobody can
 * read stay unread, and of two different answers the one named by `keep` counts. The decision is kept with the hashes of
 * the files it is about, and holds for no others. What is here is delivered; the requests without an answer become
 * the retry of the same lineage, which is sent only with leave (`shouldSubmit`, or `retryByHand` of that triple): they may
 * have been answered, and paid for.
 *
 * @param text the index of a triple in `workdir/` that stopped for want of answers
 * @throws InvalidBatchIndex, NoBatchFileTripleAtIndex; NothingToAccept when nothing stands in the way, or the server still
 * works; ConflictingAnswers without `keep`; whatever else is wrong with the files and cannot be accepted
 */
export function acceptTriple(
  workspace: BatchFileTriple['workspace'],
  text: string,
  options: AcceptOptions = {},
): Promise<AcceptReport> {
  return withWorkspace(workspace, options, async (run, { keep = null }) => {
    const triple = await findTriple(workspace, text)
    const { index } = triple
    const facts = await surveyFacts(workspace, index)
    await requireSettled(run, facts)
    const { accounted, conflicting } = await acceptedAccounting(run, facts, keep)
    await noteAcceptance(run, triple, accounted)
    const report = await onePass(run, { isWanted: (one) => one.index === index })
    return { ...report, index, accepted: { ...acceptedCounts(accounted), conflicting } }
  })
}

/** As long as the server works, answers are not missing but not there yet. */
async function requireSettled({ provider, signal }: Run, facts: TripleFacts): Promise<void> {
  const { index, batchId, remoteStatus, submission, input, output, error } = facts
  if (input === null || output !== null || error !== null || isEndedStatus(remoteStatus)) return
  if (batchId === null) {
    throw nothingToAccept(
      index,
      submission === 'none'
        ? `Triple ${index} was never sent; there are no answers that could be missing.`
        : `The submission of triple ${index} is not confirmed; nobody knows yet whether it has answers.`,
      submission === 'none' ? 'Send it: `run --submit`.' : 'Run again with the key of its server.',
    )
  }
  const batch = provider === null ? undefined : (await provider.status([batchId], signal)).get(batchId)
  if (batch === null || (batch !== undefined && isEndedStatus(batch.status))) return
  const status = batch?.status ?? remoteStatus ?? 'never asked'
  const cancel = canBeCancelled(status) ? ', or stop it with `cancel`' : ''
  throw nothingToAccept(
    index,
    `Batch ${batchId} of triple ${index} has not ended, as far as is known (${status}); its answers may still come.`,
    `Ask its server with \`run\`${cancel}; then accept what is missing.`,
  )
}

async function acceptedAccounting(
  run: Run,
  facts: TripleFacts,
  keep: AcceptedFaults['keep'],
): Promise<{ readonly accounted: AccountedTriple; readonly conflicting: number }> {
  const plain = await verdictAs(run, facts, nothingAccepted)
  if (plain.verdict.type === 'accounted') throw nothingWrong(facts)
  const accepted = await verdictAs(run, facts, { missing: true, unrecognised: true, keep })
  const { conflicting } = plain.verdict.counts
  if (accepted.verdict.type === 'accounted') return { accounted: accepted.accounted, conflicting }
  throw reconciliationError(accepted.verdict.problem, { index: facts.index })
}

async function verdictAs(
  { workspace, signal, report }: Run,
  facts: TripleFacts,
  accepted: AcceptedFaults,
): Promise<{ readonly accounted: AccountedTriple; readonly verdict: CheckVerdict }> {
  const onProgress = bytesReporter(facts.index, report)
  const accounted = await accountAs({ workspace, signal, onProgress }, facts, accepted)
  return { accounted, verdict: checkVerdict(facts, accounted) }
}

async function noteAcceptance(
  { workspace, clock }: Run,
  triple: BatchFileTriple,
  { accounting: { accepted, files } }: AccountedTriple,
): Promise<void> {
  await updateMetadata(workspace, metadataPath(workspace, triple), {
    accepted: {
      accepted_at_ms: clock.now(),
      ...accepted,
      files: files.map(({ kind, bytes, sha256 }) => ({ kind, bytes, sha256 })),
    },
  })
}

function acceptedCounts({ accounting: { counts, outcomes } }: AccountedTriple) {
  return { missing: counts.missing, unrecognised: outcomes.unrecognised }
}

function nothingWrong({ index }: TripleFacts): Error {
  return nothingToAccept(
    index,
    `Triple ${index} lacks nothing: every request has an answer that can be read, or is known not to have run.`,
    `\`run\` takes it to \`${doneState}\`.`,
  )
}

function nothingToAccept(index: BatchIndex, message: string, hint: string): Error {
  return reconciliationError({ code: 'NothingToAccept', message, hint, facts: { index } }, { index })
}
