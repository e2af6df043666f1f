import type { Clock } from '../../clock.js'
import { reconciliationError } from '../../errors.js'
import { startDeadline } from './deadline.js'
import { interrupted, serverError, type CallContext } from './server-errors.js'

export interface BodyReader {
  /** The next bytes, or `null` at the end of the body. */
  readonly next: () => Promise<Uint8Array | null>
  /** Gives the connection back; to be called in `finally`. */
  readonly stop: () => Promise<void>
}

/** What `fetch` hands out as a body; the types of two runtimes disagree on more than this. */
export interface ReadableBody {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
    cancel(reason?: unknown): Promise<void>
  }
}

/**
 * Reads a body piece by piece. Each piece has `stallTimeoutMs` to arrive: neither the SDK's `timeout` nor anything
 * else short of five minutes watches a body. Rejects with `Interrupted` at once when the signal is aborted, and
 * with a passing `NetworkError` when the body stalls or the connection breaks.
 */
export function readBody(
  body: ReadableBody,
  clock: Clock,
  stallTimeoutMs: number,
  signal: AbortSignal,
  context: CallContext,
): BodyReader {
  const reader = body.getReader()
  return {
    next: async () => {
      const deadline = startDeadline(clock, signal, stallTimeoutMs)
      try {
        const { done, value } = await deadline.race(reader.read())
        return done ? null : (value ?? new Uint8Array())
      } catch (error) {
        if (deadline.isExpired()) throw stalled(context, stallTimeoutMs)
        throw signal.aborted ? interrupted(context) : serverError(error, context)
      } finally {
        deadline.stop()
      }
    },
    // A body that has failed already rejects once more here; its error has been reported.
    stop: () => reader.cancel().catch(() => {}),
  }
}

function stalled({ action, host }: CallContext, stallTimeoutMs: number): Error {
  return reconciliationError({
    code: 'NetworkError',
    message: `${host} sent nothing for ${Math.round(stallTimeoutMs / 1000)} s in the middle of ${action}.`,
    hint: 'The download is tried again.',
    isPassing: true,
    facts: { action, host, stallTimeoutMs },
  })
}
