import type { Fault, ReportEffect } from './fault.js'
import type { FaultScope } from './wire-faults.js'
import type { BatchObject, Operation } from './wire.js'

const reporting: readonly Operation[] = [
  'batches.create',
  'batches.list',
  'batches.retrieve',
  'batches.cancel',
]

/** Reports batches bent by `change`; for ever unless `times` (API calls) says less. */
export const misreported = (change: ReportEffect['change'], scope: FaultScope = {}): Fault => ({
  times: Infinity,
  ...scope,
  on: reporting,
  effect: { type: 'report', change },
})

/** The status is final, but the file ids are `null` for the first so many reports of it. */
export const filesUnpublished = (reports: number, scope: FaultScope = {}): Fault => {
  const seen = new Map<string, number>()
  return misreported((batch) => {
    if (batch.output_file_id === null && batch.error_file_id === null) return batch
    const count = (seen.get(batch.id) ?? 0) + 1
    seen.set(batch.id, count)
    return count > reports ? batch : { ...batch, output_file_id: null, error_file_id: null }
  }, scope)
}

/** Once a batch runs, one report says `validating` again. */
export const backwardStatus = (scope: FaultScope = {}): Fault => {
  const seen = new Map<string, number>()
  return misreported((batch) => {
    if (batch.status === 'validating') return batch
    const count = (seen.get(batch.id) ?? 0) + 1
    seen.set(batch.id, count)
    return count === 2 ? { ...batch, status: 'validating' } : batch
  }, scope)
}

/** A status nobody has heard of, while the batch has not ended. */
export const unknownStatus = (status: string, scope: FaultScope = {}): Fault =>
  misreported((batch) => (isEnded(batch) ? batch : { ...batch, status }), scope)

/** `Validating`, `InProgress`, … as in Azure's samples. */
export const capitalisedStatus = (scope: FaultScope = {}): Fault =>
  misreported((batch) => ({ ...batch, status: capitalised(batch.status) }), scope)

/** File ids that are not there are `''` (kaibo PR #93; Azure). */
export const emptyFileIds = (scope: FaultScope = {}): Fault =>
  misreported(
    (batch) => ({
      ...batch,
      output_file_id: batch.output_file_id ?? '',
      error_file_id: batch.error_file_id ?? '',
    }),
    scope,
  )

/** Fields without a value are left out instead of `null`. */
export const absentNulls = (scope: FaultScope = {}): Fault =>
  misreported(
    (batch) => Object.fromEntries(Object.entries(batch).filter(([, value]) => value !== null)),
    scope,
  )

/** `request_counts` that are wrong: everything completed, nothing failed. */
export const lyingCounts = (counts?: BatchObject['request_counts'], scope: FaultScope = {}): Fault =>
  misreported((batch) => {
    const { total } = batch.request_counts
    return { ...batch, request_counts: counts ?? { total, completed: total, failed: 0 } }
  }, scope)

/** `request_counts` full of nulls, or no counts at all. */
export const nullCounts = (shape: 'members' | 'whole' = 'members', scope: FaultScope = {}): Fault => {
  const counts = shape === 'whole' ? null : { total: null, completed: null, failed: null }
  return misreported((batch) => ({ ...batch, request_counts: counts }), scope)
}

/** Times in milliseconds, or as ISO 8601 text. */
export const otherTimes = (format: 'milliseconds' | 'iso', scope: FaultScope = {}): Fault =>
  misreported(
    (batch) => Object.fromEntries(Object.entries(batch).map((entry) => inFormat(entry, format))),
    scope,
  )

/** New batches are missing from lists for a while. */
export const listLags = (
  lag: { readonly calls: number } | { readonly ms: number },
  scope: FaultScope = {},
): Fault => ({
  times: Infinity,
  ...scope,
  on: 'batches.list',
  effect: { type: 'list', ...('calls' in lag ? { lagCalls: lag.calls } : { lagMs: lag.ms }) },
})

/** Every page is the first one, and there is always more. */
export const listIgnoresAfter = (scope: FaultScope = {}): Fault => ({
  times: Infinity,
  ...scope,
  on: 'batches.list',
  effect: { type: 'list', ignoresAfter: true },
})

/** Pages do not say whether there is more. */
export const listWithoutHasMore = (scope: FaultScope = {}): Fault => ({
  times: Infinity,
  ...scope,
  on: 'batches.list',
  effect: { type: 'list', omitsHasMore: true },
})

/** Every page says that it is the last one, and holds so many entries at most. */
export const listDeniesMore = (mostEntries: number, scope: FaultScope = {}): Fault => ({
  times: Infinity,
  ...scope,
  on: 'batches.list',
  effect: { type: 'list', deniesMore: true, mostEntries },
})

/** Pages of so many entries at most, however many are asked for. */
export const listSmallPages = (mostEntries: number, scope: FaultScope = {}): Fault => ({
  times: Infinity,
  ...scope,
  on: 'batches.list',
  effect: { type: 'list', mostEntries },
})

/** The batch is created, and the answer is about another one, as from a proxy that kept it. */
export const createAnswersAnother = (other: Partial<BatchObject> = {}, scope: FaultScope = {}): Fault => ({
  ...scope,
  on: 'batches.create',
  effect: {
    type: 'report',
    change: (batch) => ({ ...batch, id: 'batch_of_another', input_file_id: 'file-of-another', ...other }),
  },
})

/** Batches do not say from which upload they were made. */
export const nameless = (scope: FaultScope = {}): Fault =>
  misreported((batch) => ({ ...batch, input_file_id: null }), scope)

function isEnded({ status }: BatchObject): boolean {
  return status === 'completed' || status === 'failed' || status === 'expired' || status === 'cancelled'
}

function capitalised(status: string): string {
  return status
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')
}

function inFormat([name, value]: [string, unknown], format: 'milliseconds' | 'iso'): [string, unknown] {
  if (!name.endsWith('_at') || typeof value !== 'number') return [name, value]
  return [name, format === 'iso' ? new Date(value * 1000).toISOString() : value * 1000]
}
