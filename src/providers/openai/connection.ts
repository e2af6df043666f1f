import type { OpenAI } from 'openai'
import type { Problem } from '../../../machines/index.js'
import type { Clock } from '../../clock.js'
import {
  isBatchReconciliationError,
  laterHint,
  reconciliationError,
  type BatchReconciliationError,
} from '../../errors.js'
import type { ExtraFields } from './extra-fields.js'
import { startDeadline, type Deadline } from './deadline.js'
import { hostOf, type ServerQuirks } from './quirks.js'
import { problemWithoutKeys } from './redact.js'
import { addressOf } from './redirects.js'
import {
  addressOfCall,
  sendForAnswer,
  sendForBody,
  type Action,
  type Answer,
  type ServerCall,
} from './send.js'
import { interrupted, serverError, unreachableHint, type CallContext } from './server-errors.js'

/** What every call of the provider shares. */
export interface Connection {
  readonly client: OpenAI
  readonly clock: Clock
  readonly quirks: ServerQuirks
  readonly completionWindow: string
  readonly extra: Required<ExtraFields>
  readonly stallTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly uploadTimeoutMs: number
  /** Until when the server asked to be spared each call, in milliseconds since 1970. */
  readonly quietUntilMs: Map<Action, number>
}

export function contextOf(
  { client, clock }: Connection,
  call: Pick<ServerCall, 'action' | 'path'>,
): CallContext {
  return {
    action: call.action,
    host: hostOf(client.baseURL),
    address: plainAddress(addressOfCall(client, call)),
    secrets: secretsOf({ client }),
    nowMs: clock.now(),
  }
}

/** Texts that nobody may read who reads our messages and files. */
export function secretsOf({ client }: Pick<Connection, 'client'>): readonly string[] {
  return typeof client.apiKey === 'string' && client.apiKey.length >= 4 ? [client.apiKey] : []
}

/** Without credentials, which some people put into a URL. */
function plainAddress(address: string): string {
  return URL.canParse(address) ? addressOf(new URL(address)) : address
}

/**
 * Makes one call, once. Rejects with errors of this package only: `Interrupted` when the signal was aborted,
 * `NetworkError` when no complete answer came in time, else what `serverError` makes of it. A call the server
 * asked to be spared rejects at once with `RateLimited`, without being sent.
 */
export function callServer(connection: Connection, call: ServerCall, signal: AbortSignal): Promise<Answer> {
  return attempt(connection, call, signal, (inTime) => sendForAnswer(connection.client, call, inTime))
}

/** The same for an answer whose body is still to be read. */
export function openServer(connection: Connection, call: ServerCall, signal: AbortSignal): Promise<Response> {
  return attempt(connection, call, signal, (inTime) => sendForBody(connection.client, call, inTime))
}

async function attempt<T>(
  connection: Connection,
  call: ServerCall,
  signal: AbortSignal,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw interrupted(contextOf(connection, call))
  requireNotQuiet(connection, call)
  const limitMs = call.limitMs ?? connection.requestTimeoutMs
  const deadline = startDeadline(connection.clock, signal, limitMs)
  try {
    return await deadline.race(send(deadline.signal))
  } catch (error) {
    const failure = failureOf(error, connection, call, deadline, signal, limitMs)
    throw reconciliationError(problemWithoutKeys(noteQuiet(connection, call, failure), secretsOf(connection)))
  } finally {
    deadline.stop()
  }
}

function failureOf(
  error: unknown,
  connection: Connection,
  call: ServerCall,
  deadline: Deadline,
  signal: AbortSignal,
  limitMs: number,
): BatchReconciliationError {
  const context = contextOf(connection, call)
  if (isBatchReconciliationError(error)) return error
  if (deadline.isExpired()) return tooLate(context, limitMs)
  if (signal.aborted) return interrupted(context)
  return serverError(error, context)
}

function tooLate({ action, host }: CallContext, limitMs: number): BatchReconciliationError {
  return reconciliationError({
    code: 'NetworkError',
    message: `${host} gave no complete answer to ${action} within ${Math.round(limitMs / 1000)} s.`,
    hint: unreachableHint,
    isPassing: true,
    facts: { action, host },
  })
}

/** One triple is told to stay away, and a thousand others would ask the same a moment later. */
function noteQuiet(
  { quietUntilMs, clock }: Connection,
  { action }: ServerCall,
  { problem }: BatchReconciliationError,
): Problem {
  const { retryAfterMs } = problem
  if (retryAfterMs !== undefined) quietUntilMs.set(action, clock.now() + retryAfterMs)
  return problem
}

function requireNotQuiet(connection: Connection, call: ServerCall): void {
  const { action } = call
  const restMs = (connection.quietUntilMs.get(action) ?? 0) - connection.clock.now()
  if (restMs <= 0) return
  const { host } = contextOf(connection, call)
  throw reconciliationError({
    code: 'RateLimited',
    message: `${host} asked to be spared ${action} for another ${Math.ceil(restMs / 1000)} s; nothing was sent.`,
    hint: `When that time is over: ${laterHint}`,
    isPassing: true,
    retryAfterMs: restMs,
    facts: { action, host, isSent: false },
  })
}
