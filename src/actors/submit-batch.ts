import { randomUUID } from 'node:crypto'
import {
  speaksOfRoom,
  waitingForRoom,
  type FileFact,
  type StepInput,
  type SubmitResult,
} from '../../machines/index.js'
import { isMeantToBeSent } from '../accounting/requests/sent-requests.js'
import { isBatchReconciliationError, reconciliationError, type BatchReconciliationError } from '../errors.js'
import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'
import {
  requireValidRequests,
  validateRequestsFile,
  type RequestsFileReport,
} from '../providers/validate-input.js'
import { readMetadata, type BatchMetadata, type SubmissionIntent } from '../workspace/metadata.js'
import type { Step, TripleDependencies } from './dependencies.js'
import { findEarlierBatch } from './find-earlier-batch.js'
import { requireOpenGate } from './require-open-gate.js'
import { claimSubmission, type ReadyInput } from './submission-claim.js'
import { stillRefused } from './submission-inquiry.js'
import { waitsForRoom } from './waits-for-room.js'
import { identifyInput, requireUploadedInput, requireUnchanged } from './sent-input.js'
import {
  noteAsked,
  noteBatch,
  noteDoubt,
  noteGivenUp,
  noteNoRoom,
  noteOthers,
  noteRefusal,
  type SubmissionPlace,
} from './submission-record.js'

/**
 * Sends the input, once. Each fact is durable before the next act: the intent, the id of the uploaded file together
 * with "the server is being asked", the batch. Whatever is left of an earlier try is looked up first, so that a lost
 * answer or a crash never makes a second paid batch.
 */
export const submitBatch: Step<StepInput, SubmitResult> = async (dependencies, { index, facts }, signal) => {
  const { provider, workspace } = dependencies
  if (provider === null || facts.input === null) return { type: 'offline' }
  const path = facts.metadata?.path ?? workspace.layout.workdirFile('metadata', index)
  const place: SubmissionPlace = { index, path }
  const metadata = await readMetadata(workspace, path)
  if (metadata?.batch_id != null) return { type: 'submitted', batchId: metadata.batch_id }
  const submission = metadata?.submission
  const earlier = await findEarlierBatch(dependencies, provider, { place, submission }, signal)
  if (earlier !== null) return submitted(dependencies, provider, place, earlier)
  if (facts.isCancelWanted) {
    await noteGivenUp(dependencies, place)
    return { type: 'given-up' }
  }
  const waiting = waitsForRoom(dependencies, index, metadata)
  if (waiting !== null) return waiting
  const full = await stillRefused(dependencies, index, facts.input, signal)
  if (full !== null) return { type: 'no-room', problem: full, refusal: null }
  await noteOthers(dependencies, place)
  const anew: Submission = { place, input: facts.input, metadata }
  try {
    const creation = await submitAnew(dependencies, provider, anew, signal)
    return creation.type === 'made'
      ? await submitted(dependencies, provider, place, creation.batch)
      : creation
  } catch (error) {
    return refusedForRoom(dependencies, anew, error)
  }
}

async function submitted(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  place: SubmissionPlace,
  batch: RemoteBatch,
): Promise<SubmitResult> {
  await noteBatch(dependencies, place, provider, batch)
  return { type: 'submitted', batchId: batch.batchId }
}

/** Some servers refuse the creation itself, with 429, when too many tokens wait in the queue. */
async function refusedForRoom(
  dependencies: TripleDependencies,
  submission: Submission,
  error: unknown,
): Promise<SubmitResult> {
  if (!isBatchReconciliationError(error) || !isForWantOfRoom(dependencies, submission, error)) throw error
  const problem = waitingForRoom(error.problem)
  return { type: 'no-room', problem, refusal: await noteNoRoom(dependencies, submission.place, problem) }
}

/**
 * A quota that smaller batches of this run pass is one for the size of this one; what was found so once is believed
 * the next time.
 */
function isForWantOfRoom(
  { submissions }: TripleDependencies,
  { input, metadata }: Submission,
  { code, problem }: BatchReconciliationError,
): boolean {
  if (code !== 'RateLimited' && code !== 'QuotaExhausted' && code !== 'RequestRefused') return false
  const isQuota = code === 'QuotaExhausted' && problem.facts?.['status'] === 429
  if (isQuota && (metadata?.room != null || submissions.hasMadeSmaller(input.bytes))) return true
  const said = problem.facts?.['code']
  return speaksOfRoom({
    code: typeof said === 'string' ? said : null,
    message: problem.causeMessage ?? problem.message,
  })
}

interface Submission {
  readonly place: SubmissionPlace
  readonly input: FileFact
  readonly metadata: BatchMetadata | null
}

type Creation =
  | { readonly type: 'made'; readonly batch: RemoteBatch }
  | Extract<SubmitResult, { readonly type: 'no-room' }>

async function submitAnew(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  submission: Submission,
  signal: AbortSignal,
): Promise<Creation> {
  const { place, input, metadata } = submission
  const { workspace, submissions, clock, ownership } = dependencies
  const { account } = provider
  const isMeant = isMeantToBeSent({ hasAnswers: false }, metadata)
  requireOpenGate(dependencies, { index: place.index, bytes: input.bytes, isMeant })
  const identity = await identifyInput(workspace, input.path)
  const intent = metadata?.submission ?? { intent_key: randomUUID(), intended_at_ms: clock.now() }
  requireUploadedInput(metadata, { index: place.index, path: input.path, sha256: identity.sha256 })
  const report = await validated(dependencies, provider, input, signal)
  const ready: ReadyInput = { place, metadata, intent, identity, report, isMeant }
  const refused = await claimSubmission(dependencies, provider, ready, signal)
  if (refused !== null) return { type: 'no-room', problem: refused, refusal: null }
  const { input_file_id: inputFileId = null, uploaded_at_server_ms: uploadedAtMs = null } = intent
  if (inputFileId !== null) await noteAsked(dependencies, place, { inputFileId, uploadedAtMs, account })
  submissions.forgetLooks(place.index)
  try {
    const batch = await provider.submit(
      {
        inputPath: input.path,
        openInput: () => workspace.fileSystem.openAsBlob(input.path),
        endpoint: report.parts[0]?.url ?? '',
        metadata: batchLabels(place.index, metadata, intent),
        inputFileId,
        onUploaded: async (fileId, atMs) => {
          await requireUnchanged(workspace, input.path, identity)
          await noteAsked(dependencies, place, { inputFileId: fileId, uploadedAtMs: atMs ?? null, account })
        },
        onCreating: () => ownership.beforeCreation(),
      },
      signal,
    )
    const own = requireOwn(dependencies, place.index, batch)
    submissions.noteMade(input.bytes)
    return { type: 'made', batch: own }
  } catch (error) {
    await afterFailure(dependencies, submission, error)
    throw error
  }
}

/** An answer that was given to another triple of this run is not the answer to this creation. */
function requireOwn({ submissions }: TripleDependencies, index: string, batch: RemoteBatch): RemoteBatch {
  if (submissions.isOwn(index, batch.batchId)) return batch
  throw reconciliationError({
    code: 'SubmissionAmbiguous',
    message: `The server answered the creation for triple ${index} with batch ${batch.batchId}, which is that of another triple.`,
    hint: 'The list of batches is searched for the upload before anything is sent again.',
    isPassing: true,
    facts: { index, batchId: batch.batchId },
  })
}

/** A file that a server would refuse is refused here, before a byte is sent. */
async function validated(
  { workspace }: TripleDependencies,
  { limits }: BatchProvider,
  { path }: FileFact,
  signal: AbortSignal,
): Promise<RequestsFileReport> {
  const report = await validateRequestsFile(workspace.fileSystem, path, limits, signal)
  requireValidRequests(report)
  if (report.parts.length <= 1) return report
  const reason = report.splitReasons[0]
  throw reconciliationError({
    code: 'RequestsFileInvalid',
    message: `${path} is more than one batch: ${reason?.message ?? 'it is too large'}`,
    hint: 'Submit the requests file with `submit`: it is split there.',
    needsPerson: true,
    facts: { path, reasons: report.splitReasons },
  })
}

/** Goes into the batch's own metadata, so that a person who looks at the server sees whose it is. */
function batchLabels(
  index: string,
  metadata: BatchMetadata | null,
  { intent_key: intentKey }: SubmissionIntent,
): Readonly<Record<string, string>> {
  return {
    tool: 'batch-reconciler',
    index,
    root_index: metadata?.root_index ?? index,
    attempt: String(metadata?.attempt ?? 1),
    intent_key: intentKey,
  }
}

/** Only what proves that no batch was made lets the next try go without a search. */
async function afterFailure(
  dependencies: TripleDependencies,
  submission: Submission,
  error: unknown,
): Promise<void> {
  if (!isBatchReconciliationError(error)) return
  const { place, input } = submission
  if (error.code === 'QuotaExhausted' && !isForWantOfRoom(dependencies, submission, error)) {
    dependencies.submissions.close(error.problem, error.facts['status'] === 429 ? input.bytes : 0)
  }
  const isAmbiguous = error.code === 'SubmissionAmbiguous' || error.facts['isAmbiguous'] === true
  if (isAmbiguous) await noteDoubt(dependencies, place)
  else if (error.code !== 'Interrupted') {
    await noteRefusal(dependencies, place)
    await dependencies.room.giveBack(place.index)
  }
}
