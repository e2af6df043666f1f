import type { Clock } from '../../clock.js'
import { laterHint, reconciliationError } from '../../errors.js'
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
 *
 * A large file comes in thousands of pieces: what watches them is made once, but for a timer.
 */
export function readBody(
  body: ReadableBody,
  clock: Clock,
  stallTimeoutMs: number,
  signal: AbortSignal,
  context: CallContext,
): BodyReader {
  const reader = body.getReader()
  let interrupt: (() => void) | null = null
  const onAbort = (): void => interrupt?.()
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    next: () =>
      new Promise((resolve, reject) => {
        const fail = (error: Error): void => {
          clock.clearTimeout(timer)
          reject(error)
        }
        const timer = clock.setTimeout(() => fail(stalled(context, stallTimeoutMs)), stallTimeoutMs)
        interrupt = () => fail(interrupted(context))
        if (signal.aborted) return interrupt()
        reader.read().then(
          ({ done, value }) => {
            clock.clearTimeout(timer)
            resolve(done ? null : (value ?? new Uint8Array()))
          },
          (error: unknown) => fail(signal.aborted ? interrupted(context) : serverError(error, context)),
        )
      }),
    stop: () => {
      signal.removeEventListener('abort', onAbort)
      // A body that has failed already rejects once more here; its error has been reported.
      return reader.cancel().catch(() => {})
    },
  }
}

function stalled({ action, host }: CallContext, stallTimeoutMs: number): Error {
  return reconciliationError({
    code: 'NetworkError',
    message: `${host} sent nothing for ${Math.round(stallTimeoutMs / 1000)} s in the middle of ${action}.`,
    hint: `The next try begins the download anew: ${laterHint}`,
    isPassing: true,
    facts: { action, host, stallTimeoutMs },
  })
}
