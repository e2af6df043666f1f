import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { systemErrorCode } from './system-error-code.js'

/** What a lock needs to know of the processes of this machine. */
export interface ProcessTable {
  readonly host: string
  readonly pid: number
  isAlive(pid: number): boolean
  /**
   * A text that two processes with the same number do not share (when it started, since which boot), or `null`
   * where the system does not tell. Numbers are used again.
   */
  startOf(pid: number): string | null
}

/** What a process says of itself in a file that it leaves. */
export interface ProcessIdentity {
  readonly host: string
  readonly pid: number
  readonly process_start: string | null
}

/** Whether it is known that the process does not run any more; of another machine nothing is. */
export function isGone(
  { host, pid, process_start: start }: ProcessIdentity,
  processes: ProcessTable,
): boolean {
  if (host !== processes.host) return false
  if (!processes.isAlive(pid)) return true
  const current = processes.startOf(pid)
  return start !== null && current !== null && start !== current
}

export const systemProcessTable: ProcessTable = {
  host: hostname(),
  pid: process.pid,
  isAlive,
  startOf,
}

/**
 * Signal 0 asks without sending; `EPERM` means: there it is, and it is somebody else's. A killed process keeps its
 * number until its parent asks for its end, which in a container may be never: that one writes nothing any more.
 */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH'
  }
}

const isZombie = (pid: number): boolean => ['Z', 'X'].includes(statFields(pid)[0] ?? '')

function startOf(pid: number): string | null {
  const bootId = readOrNull('/proc/sys/kernel/random/boot_id')
  const ticks = statFields(pid)[19]
  return ticks === undefined || bootId === null ? null : `${bootId.trim()}:${ticks}`
}

/** Linux only: fields of `/proc/<pid>/stat` from the third on, after the name, which may hold spaces (proc(5)). */
function statFields(pid: number): readonly string[] {
  const stat = readOrNull(`/proc/${pid}/stat`)
  return stat === null ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
