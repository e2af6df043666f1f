/** Time that passes so many times as fast as real time since the epoch; the same in every process that is told both. */
export function scaledClock(epochMs, speed) {
  const now = () => epochMs + (Date.now() - epochMs) * speed
  return {
    now,
    monotonicMs: () => performance.now() * speed,
    setTimeout: (callback, delayMs) => setTimeout(() => callback(), delayMs / speed),
    clearTimeout: (handle) => clearTimeout(handle),
  }
}
