import type { Clock } from '../../clock.js'

/** A caller's signal together with a time limit. The SDK's `timeout` ends when the headers are in, this one does not. */
export interface Deadline {
  /** Aborted by the caller's signal or by the time limit. */
  readonly signal: AbortSignal
  /** True when the time was up before the caller gave up. */
  readonly isExpired: () => boolean
  /** Settles like `work`, or rejects as soon as the signal is aborted, even if `work` pays no heed. */
  readonly race: <T>(work: Promise<T>) => Promise<T>
  /** Frees the timer and the listener; to be called in `finally`. */
  readonly stop: () => void
}

/** Starts the time at once. `limitMs` counts from now. */
export function startDeadline(clock: Clock, outer: AbortSignal, limitMs: number): Deadline {
  const controller = new AbortController()
  let isExpired = false
  const giveUp = () => controller.abort(outer.reason)
  const expire = () => {
    isExpired = true
    controller.abort()
  }
  if (outer.aborted) giveUp()
  outer.addEventListener('abort', giveUp, { once: true })
  const timer = clock.setTimeout(expire, limitMs)
  return {
    signal: controller.signal,
    isExpired: () => isExpired,
    race: (work) => raceWithAbort(controller.signal, work),
    stop: () => {
      clock.clearTimeout(timer)
      outer.removeEventListener('abort', giveUp)
    },
  }
}

function raceWithAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new DOMException('The call was given up.', 'AbortError'))
    const forget = () => signal.removeEventListener('abort', giveUp)
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    work.then(resolve, reject).finally(forget)
  })
}
