import type { ServerState, StoredBatch } from './state.js'
import { shareAt, statusAt, timelineOf, type Timeline } from './timeline.js'
import type { BatchErrorObject, BatchObject, BatchStatus } from './wire.js'

/** The batch as an honest server reports it at this moment. Faults bend it afterwards. */
export function batchObject(state: ServerState, batch: StoredBatch): BatchObject {
  const nowMs = state.now()
  const timeline = timelineOf(batch)
  const status = statusAt(timeline, nowMs)
  const problems = status === 'failed' ? problemsOf(batch) : []
  return {
    id: batch.id,
    object: 'batch',
    endpoint: batch.endpoint,
    model: batch.checkedInput?.model ?? null,
    errors: problems.length === 0 ? null : { object: 'list', data: problems },
    input_file_id: batch.inputFileId,
    completion_window: batch.completionWindow,
    status,
    output_file_id: batch.result?.outputFileId ?? null,
    error_file_id: batch.result?.errorFileId ?? null,
    created_at: seconds(batch.createdAtMs),
    expires_at: seconds(batch.expiresAtMs),
    ...phaseTimes(timeline, status, nowMs),
    request_counts: countsAt(batch, timeline, status, nowMs),
    usage: batch.result?.usage ?? null,
    metadata: batch.metadata,
  }
}

function problemsOf({ plan, checkedInput }: StoredBatch): readonly BatchErrorObject[] {
  return plan.ending?.status === 'failed' ? plan.ending.errors : (checkedInput?.problems ?? [])
}

type PhaseTimes = Pick<
  BatchObject,
  | 'in_progress_at'
  | 'finalizing_at'
  | 'completed_at'
  | 'failed_at'
  | 'expired_at'
  | 'cancelling_at'
  | 'cancelled_at'
>

function phaseTimes(timeline: Timeline, status: BatchStatus, nowMs: number): PhaseTimes {
  const reached = (atMs: number | null) => (atMs !== null && atMs <= nowMs ? seconds(atMs) : null)
  const ended = (endStatus: BatchStatus) => (status === endStatus ? seconds(timeline.endedAtMs) : null)
  return {
    in_progress_at: reached(timeline.inProgressAtMs),
    finalizing_at: reached(timeline.finalizingAtMs),
    completed_at: ended('completed'),
    failed_at: ended('failed'),
    expired_at: ended('expired'),
    cancelling_at: reached(timeline.cancellingAtMs),
    cancelled_at: ended('cancelled'),
  }
}

/** `total` is 0 while validating, as on the real server; while running every request counts as completed. */
function countsAt(
  batch: StoredBatch,
  timeline: Timeline,
  status: BatchStatus,
  nowMs: number,
): BatchObject['request_counts'] {
  if (status === 'validating' || failsValidation(batch, status)) return { total: 0, completed: 0, failed: 0 }
  if (batch.result !== null) {
    const { total, completed, failed } = batch.result
    return { total, completed, failed }
  }
  const total = batch.checkedInput?.requests.length ?? 0
  return { total, completed: Math.floor(shareAt(batch, timeline, nowMs) * total), failed: 0 }
}

/** A batch that failed while running (Azure) has counts, one that failed validation has zeros. */
function failsValidation(batch: StoredBatch, status: BatchStatus): boolean {
  return status === 'failed' && batch.result?.outputFileId === null && batch.result.errorFileId === null
}

function seconds(atMs: number): number {
  return Math.floor(atMs / 1000)
}
