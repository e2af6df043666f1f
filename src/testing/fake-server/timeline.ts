import type { BatchPlan } from './plan.js'
import type { StoredBatch } from './state.js'
import type { BatchStatus } from './wire.js'

/** When a batch does what, in milliseconds since 1970; `null` for what never happens to it. */
export interface Timeline {
  readonly inProgressAtMs: number
  readonly finalizingAtMs: number | null
  readonly cancellingAtMs: number | null
  readonly endedAtMs: number
  readonly endStatus: 'completed' | 'failed' | 'expired' | 'cancelled'
  /** The part of the requests (0 to 1) that was answered in the end. */
  readonly share: number
}

const defaultDurations = {
  validatingMs: 1000,
  inProgressMs: 10_000,
  finalizingMs: 1000,
  cancellingMs: 5000,
} as const

/** What the clock will do to a batch, as far as is known now: validation problems and cancellation change it. */
export function timelineOf(batch: StoredBatch): Timeline {
  const planned = plannedTimeline(batch)
  const cancelledAtMs = batch.cancelledByCallAtMs
  return cancelledAtMs === null ? planned : cancelledTimeline(batch, planned, cancelledAtMs)
}

/** The status at a moment. Validation has to have run when `nowMs` lies behind `inProgressAtMs`. */
export function statusAt(timeline: Timeline, nowMs: number): BatchStatus {
  if (nowMs >= timeline.endedAtMs) return timeline.endStatus
  if (timeline.cancellingAtMs !== null && nowMs >= timeline.cancellingAtMs) return 'cancelling'
  if (timeline.finalizingAtMs !== null && nowMs >= timeline.finalizingAtMs) return 'finalizing'
  return nowMs >= timeline.inProgressAtMs ? 'in_progress' : 'validating'
}

/** The part of the requests (0 to 1) answered at a moment. */
export function shareAt(batch: StoredBatch, timeline: Timeline, nowMs: number): number {
  return Math.min(timeline.share, shareRun(batch, timeline.inProgressAtMs, nowMs))
}

function plannedTimeline(batch: StoredBatch): Timeline {
  const { ending = { status: 'completed' } } = batch.plan
  const startMs = batch.createdAtMs + duration(batch.plan, 'validatingMs')
  if (failsValidation(batch)) return failedTimeline(startMs)
  const share = ending.status === 'completed' ? 1 : (ending.afterShare ?? 0)
  const stopMs = startMs + share * duration(batch.plan, 'inProgressMs')
  if (stopMs > batch.expiresAtMs && ending.status !== 'cancelled') {
    return endedTimeline(
      batch,
      startMs,
      batch.expiresAtMs,
      'expired',
      shareRun(batch, startMs, batch.expiresAtMs),
    )
  }
  return endedTimeline(batch, startMs, stopMs, ending.status, share)
}

function failsValidation({ plan, checkedInput }: StoredBatch): boolean {
  if (plan.ending?.status === 'failed' && plan.ending.afterShare === undefined) return true
  return (checkedInput?.problems.length ?? 0) > 0
}

function failedTimeline(endedAtMs: number): Timeline {
  return {
    inProgressAtMs: Infinity,
    finalizingAtMs: null,
    cancellingAtMs: null,
    endedAtMs,
    endStatus: 'failed',
    share: 0,
  }
}

function endedTimeline(
  batch: StoredBatch,
  inProgressAtMs: number,
  stopMs: number,
  endStatus: Timeline['endStatus'],
  share: number,
): Timeline {
  const isCancelled = endStatus === 'cancelled'
  const lastPhase = isCancelled ? 'cancellingMs' : 'finalizingMs'
  return {
    inProgressAtMs,
    finalizingAtMs: isCancelled || endStatus === 'failed' ? null : stopMs,
    cancellingAtMs: isCancelled ? stopMs : null,
    endedAtMs: endStatus === 'failed' ? stopMs : stopMs + duration(batch.plan, lastPhase),
    endStatus,
    share,
  }
}

function cancelledTimeline(batch: StoredBatch, planned: Timeline, cancelledAtMs: number): Timeline {
  return {
    ...planned,
    inProgressAtMs: cancelledAtMs < planned.inProgressAtMs ? Infinity : planned.inProgressAtMs,
    finalizingAtMs:
      planned.finalizingAtMs !== null && planned.finalizingAtMs <= cancelledAtMs
        ? planned.finalizingAtMs
        : null,
    cancellingAtMs: cancelledAtMs,
    endedAtMs: cancelledAtMs + duration(batch.plan, 'cancellingMs'),
    endStatus: 'cancelled',
    share: shareAt(batch, planned, cancelledAtMs),
  }
}

function shareRun(batch: StoredBatch, startMs: number, nowMs: number): number {
  const wholeMs = duration(batch.plan, 'inProgressMs')
  if (nowMs < startMs) return 0
  return wholeMs === 0 ? 1 : Math.min(1, (nowMs - startMs) / wholeMs)
}

function duration(plan: BatchPlan, phase: keyof typeof defaultDurations): number {
  return plan[phase] ?? defaultDurations[phase]
}
