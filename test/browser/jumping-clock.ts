import type { Clock } from '../../src/clock.js'

/** Time that goes on by itself, as a page in a browser needs it, and jumps ahead when it is told to. */
export interface JumpingClock extends Clock {
  /** Timers that are due by then fire at once. */
  readonly jump: (ms: number) => void
}

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

export function jumpingClock(): JumpingClock {
  const handles = new Map<Timer, NodeJS.Timeout>()
  let jumpedMs = 0
  const now = (): number => Date.now() + jumpedMs
  const wind = (timer: Timer): void => {
    clearTimeout(handles.get(timer))
    const fire = (): void => {
      handles.delete(timer)
      timer.callback()
    }
    handles.set(timer, setTimeout(fire, Math.max(0, timer.atMs - now())))
  }
  return {
    now,
    monotonicMs: () => performance.now() + jumpedMs,
    setTimeout(callback, delayMs) {
      const timer = { atMs: now() + delayMs, callback }
      wind(timer)
      return timer
    },
    clearTimeout(handle) {
      clearTimeout(handles.get(handle as Timer))
      handles.delete(handle as Timer)
    },
    jump(ms) {
      jumpedMs += ms
      for (const timer of handles.keys()) wind(timer)
    },
  }
}
