import type { OpenAI } from 'openai'
import type { Clock } from '../../clock.js'
import {
  isBatchReconciliationError,
  reconciliationError,
  type BatchReconciliationError,
} from '../../errors.js'
import { startDeadline, type Deadline } from './deadline.js'
import { hostOf, type ServerQuirks } from './quirks.js'
import { interrupted, serverError, type CallContext } from './server-errors.js'

/** The calls this provider makes, by the names the SDK gives them. */
export type Action =
  | 'files.create'
  | 'files.retrieve'
  | 'files.content'
  | 'batches.create'
  | 'batches.list'
  | 'batches.retrieve'
  | 'batches.cancel'

/** What every call of the provider shares. */
export interface Connection {
  readonly client: OpenAI
  readonly clock: Clock
  readonly quirks: ServerQuirks
  readonly completionWindow: string
  readonly stallTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly uploadTimeoutMs: number
  /** Until when the server asked to be spared each call, in milliseconds since 1970. */
  readonly quietUntilMs: Map<Action, number>
}

/** Handed to the SDK with each call: the signal, and no retries, because the machine above does all the waiting. */
export interface CallOptions {
  readonly signal: AbortSignal
  /**
   * Always 0. The SDK would sleep through a `Retry-After` of an hour without looking at the signal, and a second
   * try of a creation is a second batch.
   */
  readonly maxRetries: 0
}

export function contextOf({ client, clock }: Connection, action: Action): CallContext {
  const secrets = typeof client.apiKey === 'string' && client.apiKey.length >= 4 ? [client.apiKey] : []
  return { action, host: hostOf(client.baseURL), secrets, nowMs: clock.now() }
}

/**
 * Makes one call, once. Rejects with errors of this package only: `Interrupted` when the signal was aborted,
 * `NetworkError` when no complete answer came in time, else what `serverError` makes of it. A call the server
 * asked to be spared rejects at once with `RateLimited`, without being sent.
 */
export async function callServer<T>(
  connection: Connection,
  action: Action,
  signal: AbortSignal,
  call: (options: CallOptions) => Promise<T>,
  limitMs: number = connection.requestTimeoutMs,
): Promise<T> {
  if (signal.aborted) throw interrupted(contextOf(connection, action))
  requireNotQuiet(connection, action)
  const deadline = startDeadline(connection.clock, signal, limitMs)
  try {
    return await deadline.race(call({ signal: deadline.signal, maxRetries: 0 }))
  } catch (error) {
    throw noteQuiet(connection, action, failureOf(error, connection, action, deadline, signal, limitMs))
  } finally {
    deadline.stop()
  }
}

function failureOf(
  error: unknown,
  connection: Connection,
  action: Action,
  deadline: Deadline,
  signal: AbortSignal,
  limitMs: number,
): BatchReconciliationError {
  const context = contextOf(connection, action)
  if (isBatchReconciliationError(error)) return error
  if (deadline.isExpired()) return tooLate(context, limitMs)
  if (signal.aborted) return interrupted(context)
  return serverError(error, context)
}

function tooLate({ action, host }: CallContext, limitMs: number): BatchReconciliationError {
  return reconciliationError({
    code: 'NetworkError',
    message: `${host} gave no complete answer to ${action} within ${Math.round(limitMs / 1000)} s.`,
    hint: 'It is tried again. If it stays, check the network and the base URL.',
    isPassing: true,
    facts: { action, host },
  })
}

/** One triple is told to stay away, and a thousand others would ask the same a moment later. */
function noteQuiet(
  connection: Connection,
  action: Action,
  error: BatchReconciliationError,
): BatchReconciliationError {
  const { retryAfterMs } = error.problem
  if (retryAfterMs !== undefined) connection.quietUntilMs.set(action, connection.clock.now() + retryAfterMs)
  return error
}

function requireNotQuiet(connection: Connection, action: Action): void {
  const restMs = (connection.quietUntilMs.get(action) ?? 0) - connection.clock.now()
  if (restMs <= 0) return
  const { host } = contextOf(connection, action)
  throw reconciliationError({
    code: 'RateLimited',
    message: `${host} asked to be spared ${action} for another ${Math.ceil(restMs / 1000)} s; nothing was sent.`,
    hint: 'It is tried again when that time is over.',
    isPassing: true,
    retryAfterMs: restMs,
    facts: { action, host, isSent: false },
  })
}
