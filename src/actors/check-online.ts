import {
  canBeCancelled,
  onlineVerdict,
  unknownStatusWarning,
  type OnlineStepInput,
  type OnlineVerdict,
  type TripleFacts,
} from '../../machines/index.js'
import { isBatchReconciliationError } from '../errors.js'
import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'
import { readMetadata, updateMetadata } from '../workspace/metadata.js'
import type { Step, TripleDependencies } from './dependencies.js'
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
  const found = (await provider.status([facts.batchId], signal)).get(facts.batchId)
  const batch =
    found == null
      ? found
      : await cancelWhenWanted(dependencies, provider, { facts, path, batch: found }, signal)
  const sinceMs = batch == null ? clock.now() : await noteStatus(dependencies, path, batch)
  const verdict = onlineVerdict(facts, batch, { wanted, unchangedForMs: clock.now() - sinceMs })
  warnOfUnknownStatus(dependencies, facts.index, batch ?? null)
  if (verdict.type !== 'no-room') return verdict
  return {
    ...verdict,
    refusal: await noteNoRoom(dependencies, { index: facts.index, path }, verdict.problem),
  }
}

interface Found {
  readonly facts: TripleFacts
  /** Of the metadata. */
  readonly path: string
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

function warnOfUnknownStatus({ report }: TripleDependencies, index: string, batch: RemoteBatch | null): void {
  const message = batch === null ? null : unknownStatusWarning(batch)
  if (message !== null) report({ type: 'warning', index, message })
}
