import type { OnlineStepInput, OnlineVerdict, Problem, TripleFacts } from '../../machines/index.js'
import { isCutShortStatus, isEndedStatus } from '../../machines/index.js'
import type { RemoteBatch } from '../providers/batch-provider.js'
import { readMetadata, updateMetadata } from '../workspace/metadata.js'
import type { Step, TripleDependencies } from './dependencies.js'
import { noteNoRoom } from './submission-record.js'

/** CheckForBatchOutputAndErrorFileOnline: asks the server once, and notes what it says in the metadata. */
export const checkOnline: Step<OnlineStepInput, OnlineVerdict> = async (dependencies, input, signal) => {
  const { facts, isAskingAgain } = input
  const { provider } = dependencies
  if (provider === null || facts.batchId === null || facts.metadata === null) return { type: 'offline' }
  const batches = await provider.status([facts.batchId], signal)
  const batch = batches.get(facts.batchId)
  // The server was asked for many at once and did not come to this one: nothing is known, nothing changes.
  if (batch === undefined) return { type: 'still-processing', remoteStatus: facts.remoteStatus ?? 'unknown' }
  if (batch === null) return { type: 'ended-badly', remoteStatus: 'not found', problem: batchGone(facts) }
  const sinceMs = await noteStatus(dependencies, facts.metadata.path, batch)
  warnOfUnknownStatus(dependencies, facts, batch)
  const isRecent = dependencies.clock.now() - sinceMs < publicationWindowMs
  const verdict = onlineVerdict(facts, batch, { isAskingAgain, isRecent })
  if (verdict.type === 'no-room')
    await noteNoRoom(dependencies, { index: facts.index, path: facts.metadata.path })
  return verdict
}

/**
 * Servers may say that a batch has ended before they name its files. A batch that has said the same for this long, in
 * milliseconds, is taken at its word: what it does not name by then was never executed, and is paid for again.
 */
export const publicationWindowMs = 600_000

interface Look {
  readonly isAskingAgain: boolean
  /** The server has been saying this for less than the publication window. */
  readonly isRecent: boolean
}

/** What a batch means for the files that stand here. */
export function onlineVerdict(
  facts: TripleFacts,
  batch: RemoteBatch,
  { isAskingAgain, isRecent }: Look,
): OnlineVerdict {
  const { status: remoteStatus, outputFileId, errorFileId } = batch
  if (!isEndedStatus(remoteStatus)) return { type: 'still-processing', remoteStatus }
  if (isRecent && promisesMore(batch)) return { type: 'not-published', remoteStatus, mayStillCome: true }
  const hasFiles = outputFileId !== null || errorFileId !== null
  if (lacks(facts, batch) || (isAskingAgain && hasFiles)) return { type: 'files-ready', remoteStatus }
  if (remoteStatus === 'failed') return failedVerdict(facts, batch)
  if (hasFiles) return { type: 'nothing-more', remoteStatus }
  // What a batch that was cut short does not answer is sent again, and paid for again.
  return { type: 'not-published', remoteStatus, mayStillCome: isRecent && isCutShortStatus(remoteStatus) }
}

/** Its counts speak of rows in a file it does not name. They are never trusted for more than a little patience. */
function promisesMore({ status, outputFileId, errorFileId, requestCounts }: RemoteBatch): boolean {
  if (status === 'failed' || requestCounts === null) return false
  const { completed, failed } = requestCounts
  const lacksAnswers = outputFileId === null && completed !== null && completed > 0
  // Some servers write failed rows into the output file and never name an error file.
  const lacksErrors = outputFileId === null && errorFileId === null && failed !== null && failed > 0
  return lacksAnswers || lacksErrors
}

function lacks(facts: TripleFacts, { outputFileId, errorFileId }: RemoteBatch): boolean {
  return (outputFileId !== null && facts.output === null) || (errorFileId !== null && facts.error === null)
}

/** A batch that failed validation ran nothing. Want of room passes; anything else is for a person. */
function failedVerdict({ index }: TripleFacts, batch: RemoteBatch): OnlineVerdict {
  const [first] = batch.errors
  const problem: Problem = {
    code: 'BatchFailed',
    message: `Batch ${batch.batchId} of triple ${index} failed at the server: ${describe(batch)}`,
    hint: 'Mend the input file and submit it under a new index; nothing was executed and nothing was charged.',
    needsPerson: true,
    facts: { index, batchId: batch.batchId, errors: batch.errors },
  }
  return first?.code === 'token_limit_exceeded'
    ? { type: 'no-room', problem: { ...problem, hint: waitForRoom, isPassing: true, needsPerson: false } }
    : { type: 'ended-badly', remoteStatus: batch.status, problem }
}

const waitForRoom =
  'It is submitted again, from the same upload, when other batches have made room; this costs no attempt.'

function describe({ errors }: RemoteBatch): string {
  const [first] = errors
  if (first === undefined) return 'it gave no reason.'
  const line = first.line === null ? '' : ` (input line ${first.line})`
  const more = errors.length > 1 ? `; and ${errors.length - 1} more` : ''
  return `${first.code ?? 'error'}: ${(first.message ?? '').slice(0, 500)}${line}${more}`
}

/**
 * Written only when something changed: a thousand waiting batches must not cost a thousand syncs a poll. Gives the
 * time since when the server has been saying the same, in milliseconds since 1970.
 */
async function noteStatus(
  { workspace, clock }: TripleDependencies,
  path: string,
  { status, outputFileId, errorFileId, requestCounts }: RemoteBatch,
): Promise<number> {
  const said = {
    remote_status: status,
    output_file_id: outputFileId,
    error_file_id: errorFileId,
    request_counts: requestCounts && { ...requestCounts },
  }
  const current = await readMetadata(workspace, path)
  const before = {
    remote_status: current?.remote_status,
    output_file_id: current?.output_file_id,
    error_file_id: current?.error_file_id,
    request_counts: current?.request_counts,
  }
  const sinceMs = current?.last_polled_at_ms
  if (sinceMs != null && JSON.stringify(said) === JSON.stringify(before)) return sinceMs
  const nowMs = clock.now()
  await updateMetadata(workspace, path, { ...said, last_polled_at_ms: nowMs })
  return nowMs
}

/** The eight of the API reference, "The batch object". */
const knownStatuses: ReadonlySet<string> = new Set([
  'validating',
  'failed',
  'in_progress',
  'finalizing',
  'completed',
  'expired',
  'cancelling',
  'cancelled',
])

function warnOfUnknownStatus(
  { report }: TripleDependencies,
  { index }: TripleFacts,
  { batchId, status }: RemoteBatch,
): void {
  if (knownStatuses.has(status)) return
  const message = `The server says "${status.slice(0, 100)}" of batch ${batchId}; that is no status we know, so we keep waiting.`
  report({ type: 'warning', index, message })
}

function batchGone({ index, batchId }: TripleFacts): Problem {
  return {
    code: 'BatchFilesGone',
    message: `The server does not know batch ${batchId} of triple ${index}.`,
    hint: 'Check that key, project and server are those it was submitted with. If it has expired there, its results are lost; submit the input again under a new index.',
    needsPerson: true,
    facts: { index, batchId },
  }
}
