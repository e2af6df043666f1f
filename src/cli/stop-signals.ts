import type { EventEmitter } from 'node:events'
import { exitCodes } from './exit-codes.js'

/** A process as far as signals go. */
export interface SignalledProcess extends EventEmitter {
  exit(code: number): void
}

/**
 * The first SIGINT or SIGTERM aborts the signal that is returned, and the work stops between two steps; the second
 * ends the process where it stands, which the next run puts in order as after a crash.
 */
export function listenForStop(target: SignalledProcess): AbortSignal {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) return target.exit(exitCodes.interrupted)
    controller.abort()
  }
  target.on('SIGINT', onSignal)
  target.on('SIGTERM', onSignal)
  return controller.signal
}
