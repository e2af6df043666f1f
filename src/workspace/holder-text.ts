import type { LockHolder } from './lock-file.js'
import type { LeaseRecord } from './workers/worker-schema.js'

/** `process 42 on host, since 2025-01-01T00:00:00.000Z`: who works on a workspace. Host and time come from a file. */
export function holderText({
  host,
  pid,
  acquired_at_ms: acquiredAtMs,
}: Pick<LockHolder, 'host' | 'pid' | 'acquired_at_ms'>): string {
  return `process ${pid} on ${host}, since ${timeText(acquiredAtMs)}`
}

/** The same of who has a lease, and since when. */
export const leaseHolderText = (holder: LeaseRecord): string =>
  holderText({ ...holder, acquired_at_ms: holder.taken_at_ms })

/** Clocks that were never set tell 1970; nothing tells a time before that, or one with more than four digits of years. */
function timeText(atMs: number): string {
  const time = new Date(atMs)
  const isTold = atMs >= 0 && time.getUTCFullYear() <= 9999
  return isTold ? time.toISOString() : 'an unknown time'
}
