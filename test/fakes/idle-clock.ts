import type { Clock } from '../../src/clock.js'

/** Time that jumps to the next timer as soon as nothing else is left to do. */
export interface IdleClock extends Clock {
  /** Milliseconds that have passed since the clock was made. */
  readonly elapsedMs: () => number
}

/** Turns of the event loop without any work before a timer may fire. */
const quietTurns = 12

/**
 * A clock for tests that never wait in real time: hours of backoff and polling pass between two turns of the event
 * loop. No timer fires while a file operation of this process is under way or `isBusy` says so (a server that still
 * works on a call), so a time limit only strikes where really nothing more would have come.
 */
export function idleClock(startAtMs: number, isBusy: () => boolean = () => false): IdleClock {
  const timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>()
  let nowMs = startAtMs
  let next = 1
  let isWatching = false
  let quiet = 0

  const look = (): void => {
    if (timers.size === 0) {
      isWatching = false
      return
    }
    quiet = isBusy() || isDiskBusy() ? 0 : quiet + 1
    if (quiet >= quietTurns) fireEarliest()
    setImmediate(look)
  }
  const fireEarliest = (): void => {
    quiet = 0
    const [[id, { atMs, callback }]] = [...timers].toSorted(
      ([, left], [, right]) => left.atMs - right.atMs,
    ) as [[number, { atMs: number; callback: () => void }]]
    timers.delete(id)
    nowMs = Math.max(nowMs, atMs)
    callback()
  }
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs - startAtMs,
    elapsedMs: () => nowMs - startAtMs,
    setTimeout: (callback, delayMs) => {
      timers.set(next, { atMs: nowMs + delayMs, callback })
      quiet = 0
      if (!isWatching) setImmediate(look)
      isWatching = true
      return next++
    },
    clearTimeout: (handle) => void timers.delete(handle as number),
  }
}

function isDiskBusy(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'))
}
