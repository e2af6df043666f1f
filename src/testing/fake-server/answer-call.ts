import type { AnswerEffect, HoldEffect } from './fault.js'
import { executeCall } from './execute-call.js'
import { refusalReply } from './refusal.js'
import { jsonReply, wholeReply, type AnswerReply, type Reply } from './reply.js'
import { routeOf, type Route } from './route.js'
import type { TakenFaults } from './scripted-faults.js'
import { settleAll } from './settle.js'
import { spoiled } from './spoil.js'
import type { ApiCallRecord, ServerState } from './state.js'

/** Takes one HTTP request, logs it, lets the faults in force strike, and says what to send. */
export async function answerCall(state: ServerState, request: Request): Promise<Reply> {
  const route = routeOf(request.method, new URL(request.url).pathname)
  if (route === null) return unknownPath(request)
  if (route.operation === 'batches.list' || route.operation === 'batches.retrieve') state.onPoll()
  const call = logged(state, route, request)
  const taken = state.faults.take(call)
  const reply = await answerUnderFaults(state, call, request, taken)
  call.answer = reply.type === 'answer' ? reply.status : reply.type
  return reply.type === 'answer' ? withUsualHeaders(state, reply, call) : reply
}

function logged(state: ServerState, route: Route, request: Request): ApiCallRecord {
  const call: ApiCallRecord = {
    number: state.calls.length + 1,
    operation: route.operation,
    id: route.id,
    method: request.method,
    url: request.url,
    headers: loggedHeaders(request),
    atMs: state.now(),
    answer: 'pending',
    isExecuted: false,
  }
  state.calls.push(call)
  return call
}

function loggedHeaders(request: Request): Record<string, string> {
  const headers = Object.fromEntries(request.headers)
  for (const name of ['authorization', 'api-key']) if (name in headers) headers[name] = '***'
  return headers
}

async function answerUnderFaults(
  state: ServerState,
  call: ApiCallRecord,
  request: Request,
  taken: TakenFaults,
): Promise<Reply> {
  const { wire } = taken
  const executed = () => executeNow(state, call, request, taken)
  if (wire === null) return executed()
  if (wire.type === 'body') return spoiled(await executed(), wire, request)
  if (wire.type === 'hold') return held(wire, executed)
  if (wire.isExecuted === true) await executed()
  return wire.type === 'answer' ? scriptedAnswer(wire) : { type: wire.type }
}

async function held(hold: HoldEffect, executed: () => Promise<AnswerReply>): Promise<AnswerReply> {
  if (hold.stage === 'before') await hold.until
  const reply = await executed()
  await hold.until
  return reply
}

async function executeNow(
  state: ServerState,
  call: ApiCallRecord,
  request: Request,
  taken: TakenFaults,
): Promise<AnswerReply> {
  settleAll(state)
  const reply = await executeCall(state, call, request, taken)
  call.isExecuted = reply.status < 400
  return reply
}

function scriptedAnswer({ status, body, headers = {} }: AnswerEffect): AnswerReply {
  if (typeof body !== 'string') return jsonReply(status, body, headers)
  return wholeReply(status, new TextEncoder().encode(body), { 'content-type': 'text/plain', ...headers })
}

/** As the real server does, with the time of this server's own clock in whole seconds. */
function withUsualHeaders(
  { settings, now }: ServerState,
  reply: AnswerReply,
  call: ApiCallRecord,
): AnswerReply {
  const date = settings.sendsDate ? { date: new Date(now()).toUTCString() } : {}
  return { ...reply, headers: { 'x-request-id': `req_${call.number}`, ...date, ...reply.headers } }
}

function unknownPath(request: Request): AnswerReply {
  const { pathname } = new URL(request.url)
  return refusalReply({ status: 404, message: `Invalid URL (${request.method} ${pathname})` })
}
