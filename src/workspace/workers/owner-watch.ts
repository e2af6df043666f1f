import type { Clock } from '../../clock.js'
import { monotonicMsOf } from '../../clock.js'
import type { BatchWorkspace } from '../open-workspace.js'
import { isGone, type ProcessIdentity, type ProcessTable } from '../process-table.js'
import { readWorker } from './worker-files.js'

/** What is known of the owner of a lease. */
export type OwnerStanding =
  /** Known not to be at work any more, or silent for longer than its leases last. */
  | { readonly type: 'gone' }
  /** It may be at work; whether it is will be known after so many milliseconds. */
  | { readonly type: 'present'; readonly knownInMs: number }

/**
 * Watches workers for signs of life. No two clocks are compared: a worker counts as gone when this process has seen
 * nothing new of it for as long as its leases last, by a clock that nobody can set; or, on this machine, when its process
 * has ended.
 */
export interface OwnerWatch {
  standingOf(owner: ProcessIdentity & { readonly token: string }): Promise<OwnerStanding>
}

interface Seen {
  readonly sign: string
  readonly atMs: number
}

export function watchOwners(
  workspace: BatchWorkspace,
  {
    clock,
    processes,
    leaseMs,
  }: { readonly clock: Clock; readonly processes: ProcessTable; readonly leaseMs: number },
): OwnerWatch {
  const seen = new Map<string, Seen>()
  return {
    async standingOf(owner) {
      const { token } = owner
      if (isGone(owner, processes)) return { type: 'gone' }
      const read = await readWorker(workspace, token)
      // It has left, or others have found it silent for long enough.
      if (read.type === 'absent') return { type: 'gone' }
      const nowMs = monotonicMsOf(clock)
      const sign = read.type === 'record' ? String(read.record.signs_of_life) : 'unreadable'
      const lastsMs = (read.type === 'record' ? read.record.lease_ms : leaseMs) + graceMs
      const before = seen.get(token)
      const atMs = before?.sign === sign ? before.atMs : nowMs
      // Also once it counts as gone: it may have many leases, and its silence is waited out once for all of them.
      remember(token, { sign, atMs })
      const silentMs = nowMs - atMs
      return silentMs >= lastsMs ? { type: 'gone' } : { type: 'present', knownInMs: lastsMs - silentMs }
    },
  }

  function remember(token: string, sight: Seen): void {
    if (!seen.has(token) && seen.size >= mostWatched) seen.delete(seen.keys().next().value ?? '')
    seen.set(token, sight)
  }
}

/** Between a look at the disk and the clock, on both sides. */
const graceMs = 500

/** More than work on one folder. */
const mostWatched = 10_000
