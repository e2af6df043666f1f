import { readFileSync, readlinkSync } from 'node:fs'
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
  /** Which table of processes this is, where containers of one host name may have one each; `null` where nobody tells. */
  readonly namespace: string | null
}

/** What a process says of itself in a file that it leaves. */
export interface ProcessIdentity {
  readonly host: string
  readonly pid: number
  readonly process_start: string | null
  /** `null` for whoever goes by the name of the host alone. */
  readonly process_namespace: string | null
}

/** What this process says of itself. */
export function ownIdentity(processes: ProcessTable): ProcessIdentity {
  const { host, pid, namespace } = processes
  return { host, pid, process_start: processes.startOf(pid), process_namespace: namespace }
}

/** Whether it is known that the process does not run any more; of one that cannot be seen from here nothing is. */
export function isGone(process: ProcessIdentity, processes: ProcessTable): boolean {
  if (!isInSight(process, processes)) return false
  const { pid, process_start: start } = process
  if (!processes.isAlive(pid)) return true
  const current = processes.startOf(pid)
  return start !== null && current !== null && start !== current
}

/** Whether its number means anything here: it is of this machine, and not known to be of another table of processes. */
export function isInSight(
  { host, process_namespace: namespace }: ProcessIdentity,
  processes: ProcessTable,
): boolean {
  if (host !== processes.host) return false
  return namespace === null || processes.namespace === null || namespace === processes.namespace
}

/** `PROC_PID_INIT_INO` (Linux, include/linux/proc_ns.h). */
const firstTable = 'pid:[4026531836]'

const bootIdPath = '/proc/sys/kernel/random/boot_id'

export const systemProcessTable: ProcessTable = {
  host: hostname(),
  pid: process.pid,
  isAlive,
  startOf,
  namespace: ownNamespace(),
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
  const bootId = readOrNull(bootIdPath)
  const ticks = statFields(pid)[19]
  return ticks === undefined || bootId === null ? null : `${bootId.trim()}:${ticks}`
}

/**
 * Linux only: the process table (pid_namespaces(7)) and whose it is. The first one of a machine has the same number on all
 * machines, and outlives every process of it: what was before a restart is in sight, and gone. Any other ends with the system
 * that has it, and its number may be given again by the next one.
 */
function ownNamespace(): string | null {
  const table = linkOrNull('/proc/self/ns/pid')
  if (table === null) return null
  const owner = table === firstTable ? readOrNull('/etc/machine-id') : readOrNull(bootIdPath)
  return `${owner?.trim() ?? ''} ${table}`
}

function linkOrNull(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
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
