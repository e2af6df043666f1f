import { monotonicMsOf } from '../clock.js'
import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'
import type { SubmissionIntent } from '../workspace/metadata.js'
import { adoptFound } from './adopt-found.js'
import type { TripleDependencies } from './dependencies.js'
import { noteMissing, type SubmissionPlace } from './submission-record.js'
import { cannotTell, isNoProof, listOfAnother, notListedYet, type Doubt } from './submission-doubt.js'

/** Lists may lag behind creations; a batch that is not listed after this long was never made, in milliseconds. */
export const settleWindowMs = 120_000

/** Looks while the window is open, spread evenly. */
const looksInWindow = 3

/** Two dates of a server in whole seconds are apart by up to this much less than they say, in milliseconds. */
const dateGrainMs = 1000

export interface EarlierTry {
  readonly place: SubmissionPlace
  readonly submission: SubmissionIntent | null | undefined
}

/**
 * The batch an earlier try may have made: searched for by the id of its upload and by our key in its metadata, which
 * no other batch has but those the server had no room for. `null` when there was no such try, or when the whole list
 * has been without it for the settle window. Until then it rejects with `SubmissionAmbiguous`, which passes; where another
 * account was asked, whose list this is not, for a person.
 */
export async function findEarlierBatch(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  { place, submission }: EarlierTry,
  signal: AbortSignal,
): Promise<RemoteBatch | null> {
  const doubt = doubtOf(dependencies, provider, place, submission)
  if (submission == null || doubt === null) return null
  const { batches, serverNowMs } = await search(dependencies, provider, submission, doubt, signal)
  const refusedIds = new Set(submission.refused_batch_ids)
  const found = batches.filter(({ batchId }) => !refusedIds.has(batchId))
  if (found.length > 0) return adoptFound(dependencies, provider, place.index, found, signal)
  const { account: asked } = submission
  if (asked != null && provider.account !== undefined && asked !== provider.account)
    throw listOfAnother(doubt, { asked, now: provider.account })
  const remainingMs = await remainingWindowMs(dependencies, { place, submission }, serverNowMs)
  if (remainingMs <= 0) return null
  throw notListedYet(doubt, settleWindowMs, Math.min(remainingMs, settleWindowMs / looksInWindow))
}

function doubtOf(
  { workspace }: TripleDependencies,
  { host, name }: BatchProvider,
  { index }: SubmissionPlace,
  submission: EarlierTry['submission'],
): Doubt | null {
  const inputFileId = submission?.input_file_id ?? null
  const askedAtMs = submission?.asked_at_ms ?? null
  if (inputFileId === null || askedAtMs === null) return null
  return { index, root: workspace.root, host: host ?? name, inputFileId, askedAtMs }
}

async function search(
  { clock, submissions }: TripleDependencies,
  provider: BatchProvider,
  submission: SubmissionIntent,
  doubt: Doubt,
  signal: AbortSignal,
) {
  const { intent_key: intentKey, uploaded_at_server_ms: uploadedAtMs = null } = submission
  try {
    return await provider.find({ inputFileId: doubt.inputFileId, intentKey, uploadedAtMs }, signal)
  } catch (error) {
    if (!isNoProof(error)) throw error
    // The batch may still come up on what the list does show. Later than that, only a person can tell.
    const monotonicMs = monotonicMsOf(clock)
    const isOver = monotonicMs - submissions.lookingSinceMs(doubt.index, monotonicMs) >= settleWindowMs
    throw cannotTell(doubt, error, isOver ? null : settleWindowMs / looksInWindow)
  }
}

/**
 * What is left of the settle window, in milliseconds. It begins with the first look after the last moment the server
 * could have been asked, and its length is shown by the server's own clock, or by time that passed inside this
 * process: our time of day may be set while we wait, and says nothing between two processes.
 */
async function remainingWindowMs(
  dependencies: TripleDependencies,
  { place, submission }: { readonly place: SubmissionPlace; readonly submission: SubmissionIntent },
  serverNowMs: number | null,
): Promise<number> {
  const { clock, submissions } = dependencies
  const monotonicMs = monotonicMsOf(clock)
  const ownMs = monotonicMs - submissions.lookingSinceMs(place.index, monotonicMs)
  const sinceMs = submission.missing_since_server_ms ?? null
  const hasBegun = sinceMs !== null && serverNowMs !== null && serverNowMs >= sinceMs
  if (!hasBegun && serverNowMs !== null) await noteMissing(dependencies, place, serverNowMs)
  const serverMs = hasBegun ? serverNowMs - sinceMs - dateGrainMs : 0
  return settleWindowMs - Math.max(ownMs, serverMs)
}
