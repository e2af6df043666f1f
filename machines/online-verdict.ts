import type { ReportedCounts, TripleFacts } from './facts.js'
import { speaksOfRoom, waitingForRoom } from './no-room.js'
import type { Problem } from './problem.js'
import { isCutShortStatus, isEndedStatus, isFailedStatus, isKnownStatus } from './remote-status.js'
import type { OnlineVerdict, WantedFiles } from './steps.js'

/** A batch as its server reports it: what a verdict needs of it. `null` stands for what the server does not say. */
export interface ReportedBatch {
  readonly batchId: string
  /** Lower case; a known status or whatever else the server says. */
  readonly status: string
  readonly outputFileId: string | null
  readonly errorFileId: string | null
  /** Never trusted for more than a little patience. */
  readonly requestCounts: ReportedCounts | null
  readonly errors: readonly ReportedError[]
}

export interface ReportedError {
  readonly code: string | null
  readonly message: string | null
  /** Line of the input file, from 1. */
  readonly line: number | null
}

export interface OnlineLook {
  readonly wanted: WantedFiles
  /** For how long the server has been saying the same, in milliseconds. */
  readonly unchangedForMs: number
}

/**
 * Servers may say that a batch has ended before they name its files. A batch that has said the same for this long, in
 * milliseconds, is taken at its word: what it does not name by then was never executed, and is paid for again.
 */
export const publicationWindowMs = 600_000

/**
 * What a server's answer means for the files that stand here.
 *
 * @param batch `undefined` when the server was asked for many at once and did not come to this one, `null` when it
 * shows that it has none for this triple
 */
export function onlineVerdict(
  facts: TripleFacts,
  batch: ReportedBatch | null | undefined,
  look: OnlineLook,
): OnlineVerdict {
  if (batch === undefined) return { type: 'still-processing', remoteStatus: facts.remoteStatus ?? 'unknown' }
  if (batch === null) return { type: 'ended-badly', remoteStatus: 'not found', problem: batchGone(facts) }
  if (!isEndedStatus(batch.status)) {
    const { status: remoteStatus, requestCounts } = batch
    return { type: 'still-processing', remoteStatus, ...(requestCounts === null ? {} : { requestCounts }) }
  }
  return endedVerdict(facts, batch, look)
}

/** What people are told of a status nobody knows; `null` for the eight that are known. */
export function unknownStatusWarning({ batchId, status }: ReportedBatch): string | null {
  if (isKnownStatus(status)) return null
  return `The server says "${status.slice(0, 100)}" of batch ${batchId}; that is no status we know, so we keep waiting.`
}

function endedVerdict(facts: TripleFacts, batch: ReportedBatch, look: OnlineLook): OnlineVerdict {
  const { status: remoteStatus, outputFileId, errorFileId } = batch
  const isRecent = look.unchangedForMs < publicationWindowMs
  if (isRecent && promisesMore(batch)) return { type: 'not-published', remoteStatus, mayStillCome: true }
  const hasFiles = outputFileId !== null || errorFileId !== null
  if (lacks(facts, batch) || (look.wanted === 'all-anew' && hasFiles)) {
    return { type: 'files-ready', remoteStatus }
  }
  if (isFailedStatus(remoteStatus)) return failedVerdict(facts, batch)
  const { requestCounts } = batch
  if (hasFiles) return { type: 'nothing-more', remoteStatus, requestCounts }
  // What a batch that was cut short does not answer is sent again, and paid for again.
  const mayStillCome = isRecent && isCutShortStatus(remoteStatus)
  return { type: 'not-published', remoteStatus, requestCounts, mayStillCome }
}

/** Its counts speak of rows in a file it does not name. */
function promisesMore({ status, outputFileId, errorFileId, requestCounts }: ReportedBatch): boolean {
  if (isFailedStatus(status) || requestCounts === null) return false
  const { completed, failed } = requestCounts
  const lacksAnswers = outputFileId === null && completed !== null && completed > 0
  // Some servers write failed rows into the output file and never name an error file.
  const lacksErrors = outputFileId === null && errorFileId === null && failed !== null && failed > 0
  return lacksAnswers || lacksErrors
}

function lacks(facts: TripleFacts, { outputFileId, errorFileId }: ReportedBatch): boolean {
  return (outputFileId !== null && facts.output === null) || (errorFileId !== null && facts.error === null)
}

/** A batch that failed validation ran nothing. Want of room passes; anything else is for a person. */
function failedVerdict({ index }: TripleFacts, batch: ReportedBatch): OnlineVerdict {
  const [first] = batch.errors
  const problem: Problem = {
    code: 'BatchFailed',
    message: `Batch ${batch.batchId} of triple ${index} failed at the server: ${describe(batch)}`,
    hint: 'Nothing was executed and nothing was charged. Take the input and its metadata out of workdir/, mend it, and send it with `submit --again`.',
    needsPerson: true,
    facts: { index, batchId: batch.batchId, errors: batch.errors },
  }
  return first !== undefined && speaksOfRoom(first)
    ? { type: 'no-room', problem: waitingForRoom(problem), refusal: null }
    : { type: 'ended-badly', remoteStatus: batch.status, problem }
}

function describe({ errors }: ReportedBatch): string {
  const [first] = errors
  if (first === undefined) return 'it gave no reason.'
  const line = first.line === null ? '' : ` (input line ${first.line})`
  const more = errors.length > 1 ? `; and ${errors.length - 1} more` : ''
  return `${first.code ?? 'error'}: ${(first.message ?? '').slice(0, 500)}${line}${more}`
}

function batchGone({ index, batchId }: TripleFacts): Problem {
  return {
    code: 'BatchFilesGone',
    message: `The server does not know batch ${batchId} of triple ${index} any more, nor any other of its upload.`,
    hint: 'Look for it on the server, if in doubt. It is the account it was made with, so its results are lost: take the input and its metadata out of workdir/ and send the input with `submit --again`.',
    needsPerson: true,
    facts: { index, batchId },
  }
}
