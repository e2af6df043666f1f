/** Time as the engine sees it. The same shape XState takes for its timers, plus the time of day. */
export interface Clock {
  /** Milliseconds since 1970. Somebody may set the clock while we look: never the measure of what may be paid again. */
  now(): number
  /** Milliseconds since some moment of this process, which nobody can set; `performance.now()` where it is missing. */
  monotonicMs?(): number
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

/** Time that passed in this process, however the time of day was set meanwhile. */
export function monotonicMsOf(clock: Clock): number {
  return clock.monotonicMs?.() ?? performance.now()
}
