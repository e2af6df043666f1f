import type { BodyEffect, Fault, ReportEffect } from './fault.js'
import type { BatchObject, Operation } from './wire.js'

/** How often, and on which calls; for the faults below. */
export type FaultScope = Pick<Fault, 'skip' | 'times' | 'when'>

/** A cut: how the body ends and how much of it was sent. */
export type CutScope = FaultScope & Omit<BodyEffect, 'type' | 'ending'>

/** The batch is created, the connection breaks before the answer. */
export const createAnswerLost = (scope: FaultScope = {}): Fault => ({
  ...scope,
  on: 'batches.create',
  effect: { type: 'reset', isExecuted: true },
})

/** The batch is created, the answer never comes. */
export const createNeverAnswered = (scope: FaultScope = {}): Fault => ({
  ...scope,
  on: 'batches.create',
  effect: { type: 'silence', isExecuted: true },
})

/** The batch is created, the answer is a 500. */
export const createStoredThen500 = (scope: FaultScope = {}): Fault => ({
  ...scope,
  on: 'batches.create',
  effect: { type: 'answer', status: 500, body: serverErrorBody, isExecuted: true },
})

/** The file is kept, the connection breaks before its id is told. */
export const uploadAnswerLost = (scope: FaultScope = {}): Fault => ({
  ...scope,
  on: 'files.create',
  effect: { type: 'reset', isExecuted: true },
})

/** The connection breaks before the server did anything. */
export const connectionReset = (on: Fault['on'], scope: FaultScope = {}): Fault => ({
  ...scope,
  on,
  effect: { type: 'reset' },
})

/** The server did nothing and says so. */
export const serverError = (
  on: Fault['on'],
  scope: FaultScope & { readonly status?: number } = {},
): Fault => {
  const { status = 500, ...rest } = scope
  return { ...rest, on, effect: { type: 'answer', status, body: serverErrorBody } }
}

/** 429, with `Retry-After` when `retryAfterSeconds` is given. */
export const rateLimited = (
  on: Fault['on'],
  scope: FaultScope & { readonly retryAfterSeconds?: number | string } = {},
): Fault => {
  const { retryAfterSeconds, ...rest } = scope
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  return { ...rest, on, effect: { type: 'answer', status: 429, body: rateLimitBody, headers } }
}

/** 429 that no waiting cures: the account has no credit. */
export const quotaExhausted = (on: Fault['on'], scope: FaultScope = {}): Fault => ({
  ...scope,
  on,
  effect: { type: 'answer', status: 429, body: quotaBody },
})

/** A proxy answers 200 with a page for people. */
export const htmlPage = (on: Fault['on'], scope: FaultScope = {}): Fault => ({
  ...scope,
  on,
  effect: {
    type: 'answer',
    status: 200,
    body: '<!doctype html><title>Just a moment…</title>',
    headers: { 'content-type': 'text/html; charset=utf-8' },
  },
})

/** A download that ends early; `ending` says whether and how the client can notice. */
export const downloadCut = (ending: BodyEffect['ending'], scope: CutScope = {}): Fault => {
  const { share, atLineEnd, ...rest } = scope
  const cut = { ...(share === undefined ? {} : { share }), ...(atLineEnd === undefined ? {} : { atLineEnd }) }
  return { ...rest, on: 'files.content', effect: { type: 'body', ending, ...cut } }
}

/** 404 for a file that was there, as after its retention. */
export const fileGone = (scope: FaultScope = {}): Fault => ({
  ...scope,
  on: ['files.content', 'files.retrieve'],
  effect: { type: 'answer', status: 404, body: goneBody },
})

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

const serverErrorBody = {
  error: { message: 'The server had an error.', type: 'server_error', param: null, code: null },
}
const rateLimitBody = {
  error: { message: 'Rate limit reached.', type: 'requests', param: null, code: 'rate_limit_exceeded' },
}
const quotaBody = {
  error: {
    message: 'You exceeded your current quota, please check your plan and billing details.',
    type: 'insufficient_quota',
    param: null,
    code: 'insufficient_quota',
  },
}
const goneBody = {
  error: { message: 'No such File object.', type: 'invalid_request_error', param: 'id', code: null },
}

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
