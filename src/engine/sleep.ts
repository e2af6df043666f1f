import type { Clock } from '../clock.js'

/** Resolves after `delayMs`, or as soon as the signal fires. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(wake, delayMs)
    function wake(): void {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    signal.addEventListener('abort', wake, { once: true })
    if (signal.aborted) wake()
  })
}
