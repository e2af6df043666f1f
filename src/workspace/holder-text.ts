import type { LockHolder } from './lock-file.js'

/** `process 42 on host, since 2025-01-01T00:00:00.000Z`: who works on a workspace. Host and time come from a file. */
export function holderText({ host, pid, acquired_at_ms: acquiredAtMs }: LockHolder): string {
  return `process ${pid} on ${host}, since ${timeText(acquiredAtMs)}`
}

/** A time before the year 2000, or one that no date can hold, is no time at which anybody took a lock. */
function timeText(atMs: number): string {
  const time = new Date(atMs)
  return Number.isNaN(time.getTime()) || time.getUTCFullYear() < 2000 || time.getUTCFullYear() > 9999
    ? 'an unknown time'
    : time.toISOString()
}
