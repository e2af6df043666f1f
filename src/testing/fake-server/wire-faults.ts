import type { BodyEffect, Fault } from './fault.js'

/** How often, and on which calls; for the faults below. */
export type FaultScope = Pick<Fault, 'skip' | 'times' | 'when'>

/** A cut: how the body ends and how much of it was sent. */
export type CutScope = FaultScope & Omit<BodyEffect, 'type' | 'ending'>

/** The batch is created, the connection breaks before the answer. */
export const createAnswerLost = (scope: FaultScope = {}): Fault => answerLost('batches.create', scope)

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

/** What was asked is done, the connection breaks before the answer: an upload, a cancellation, … */
export const answerLost = (on: Fault['on'], scope: FaultScope = {}): Fault => ({
  ...scope,
  on,
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
