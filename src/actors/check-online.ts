import {
  canBeCancelled,
  isEndedStatus,
  onlineVerdict,
  unknownStatusWarning,
  type OnlineStepInput,
  type OnlineVerdict,
} from '../../machines/index.js'
import { isBatchReconciliationError } from '../errors.js'
import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'
import { readMetadata, updateMetadata } from '../workspace/metadata.js'
import type { Step, TripleDependencies } from './dependencies.js'
import { fieldsOfStatus } from './batch-fields.js'
import { batchInPlaceOfUnknown, batchOfOwnUpload, type BatchPlace } from './right-batch.js'
import { noteCancelAnswered, noteNoRoom } from './submission-record.js'

/**
 * CheckForBatchOutputAndErrorFileOnline: asks the server once, and notes what it says in the metadata. What somebody
 * wants to stop is cancelled there first, as long as that can change anything.
 */
export const checkOnline: Step<OnlineStepInput, OnlineVerdict> = async (dependencies, input, signal) => {
  const { facts, wanted } = input
  const { provider, clock } = dependencies
  if (provider === null || facts.batchId === null || facts.metadata === null) return { type: 'offline' }
  const { path } = facts.metadata
  const found = await askedBatch(dependencies, provider, { facts, path }, signal)
  const batch =
    found == null
      ? found
      : await cancelWhenWanted(dependencies, provider, { facts, path, batch: found }, signal)
  const sinceMs = batch == null ? clock.now() : await noteStatus(dependencies, provider, path, batch)
  const verdict = onlineVerdict(facts, batch, { wanted, unchangedForMs: clock.now() - sinceMs })
  warnOfUnknownStatus(dependencies, facts.index, batch ?? null)
  if (verdict.type !== 'no-room') return verdict
  return {
    ...verdict,
    refusal: await noteNoRoom(dependencies, { index: facts.index, path }, verdict.problem),
  }
}

/** What the server says of the batch; before anything is fetched it must be that of this triple. */
async function askedBatch(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  place: BatchPlace,
  signal: AbortSignal,
): Promise<RemoteBatch | null | undefined> {
  const { facts, path } = place
  const asked = facts.batchId ?? ''
  const said = (await provider.status([asked], signal)).get(asked)
  if (said === undefined) return said
  if (said !== null)
    return isEndedStatus(said.status) ? batchOfOwnUpload(dependencies, provider, place, said, signal) : said
  const batchId = (await readMetadata(dependencies.workspace, path))?.batch_id ?? null
  // It was put right since the triple was looked at.
  if (batchId !== null && batchId !== asked)
    return askedBatch(dependencies, provider, { facts: { ...facts, batchId }, path }, signal)
  return batchInPlaceOfUnknown(dependencies, provider, place, signal)
}

interface Found extends BatchPlace {
  readonly batch: RemoteBatch
}

/** Gives the batch as it is afterwards. A server that knows no cancelling runs it to its end; people are told. */
async function cancelWhenWanted(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  { facts, path, batch }: Found,
  signal: AbortSignal,
): Promise<RemoteBatch> {
  if (!facts.isCancelWanted) return batch
  const cancelled = canBeCancelled(batch.status)
    ? await cancelOrWarn(dependencies, provider, facts.index, batch, signal)
    : batch
  if (!canBeCancelled(cancelled.status)) await noteCancelAnswered(dependencies, path)
  return cancelled
}

async function cancelOrWarn(
  { report }: TripleDependencies,
  provider: BatchProvider,
  index: string,
  batch: RemoteBatch,
  signal: AbortSignal,
): Promise<RemoteBatch> {
  try {
    return await provider.cancel(batch.batchId, signal)
  } catch (error) {
    const { problem } = isBatchReconciliationError(error) ? error : { problem: null }
    if (problem === null || problem.isPassing === true || problem.code === 'Interrupted') throw error
    report({
      type: 'warning',
      index,
      message: `Batch ${batch.batchId} could not be cancelled, so it runs on: ${problem.message}`,
    })
    return batch
  }
}

/**
 * Written only when something changed: a thousand waiting batches must not cost a thousand syncs a poll. Gives the
 * time since when the server has been saying the same, in milliseconds since 1970.
 */
async function noteStatus(
  { workspace, clock }: TripleDependencies,
  { account }: BatchProvider,
  path: string,
  batch: RemoteBatch,
): Promise<number> {
  const { createdAtMs, expiresAtMs } = batch
  const said = fieldsOfStatus(account, batch)
  const current = await readMetadata(workspace, path)
  const before = {
    remote_status: current?.remote_status,
    output_file_id: current?.output_file_id,
    error_file_id: current?.error_file_id,
    request_counts: current?.request_counts,
    ...(account !== undefined && { account: current?.account }),
  }
  const sinceMs = current?.last_polled_at_ms
  if (sinceMs != null && JSON.stringify(said) === JSON.stringify(before)) return sinceMs
  const nowMs = clock.now()
  await updateMetadata(workspace, path, {
    ...said,
    submitted_at_ms: createdAtMs ?? current?.submitted_at_ms ?? null,
    expires_at_ms: expiresAtMs ?? current?.expires_at_ms ?? null,
    last_polled_at_ms: nowMs,
  })
  return nowMs
}

function warnOfUnknownStatus({ report }: TripleDependencies, index: string, batch: RemoteBatch | null): void {
  const message = batch === null ? null : unknownStatusWarning(batch)
  if (message !== null) report({ type: 'warning', index, message })
}
