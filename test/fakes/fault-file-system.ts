import type { FileSystem, OpenFile } from '../../src/workspace/file-system.js'

export type FaultOperation =
  | 'list'
  | 'stat'
  | 'makeDirectory'
  | 'open'
  | 'openAsBlob'
  | 'rename'
  | 'link'
  | 'remove'
  | 'removeDirectory'
  | 'syncDirectory'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'fileStat'
  | 'close'

/** One fault. Without `operation` or `path` it fits any; without `nth` it strikes every time. */
export interface FaultRule {
  readonly operation?: FaultOperation
  /** A part of the path; for `rename` and `link` of either path. */
  readonly path?: string
  /** 1 for the first operation that fits, and so on. */
  readonly nth?: number
  /** A system error code such as `ENOSPC`, or `crash`: this operation and all after it reject with a `CrashError`. */
  readonly error: string
  /** For `write`: how many bytes still reach the disk. */
  readonly partialBytes?: number
}

/** One operation that was asked for, whether or not it failed. */
export interface FaultLogEntry {
  readonly operation: FaultOperation
  readonly path: string
  readonly to?: string
}

/** The process is gone. It has no system code, so nothing may take it for an answer of the disk. */
export class CrashError extends Error {
  override readonly name = 'CrashError'
}

export interface FaultFileSystem extends FileSystem {
  readonly log: readonly FaultLogEntry[]
  /** True once a rule said `crash`. */
  isCrashed(): boolean
  /** How many operations a rule made fail. */
  strikes(): number
}

/** A file system that fails where the rules say, and otherwise does what `inner` does. */
export function faultFileSystem(inner: FileSystem, rules: readonly FaultRule[] = []): FaultFileSystem {
  const faults = createFaults(rules)
  const { check } = faults
  return {
    log: faults.log,
    isCrashed: faults.isCrashed,
    strikes: faults.strikes,
    list: (path) => check({ operation: 'list', path }, () => inner.list(path)),
    stat: (path) => check({ operation: 'stat', path }, () => inner.stat(path)),
    makeDirectory: (path) => check({ operation: 'makeDirectory', path }, () => inner.makeDirectory(path)),
    open: (path, mode) =>
      check({ operation: 'open', path }, async () => faultFile(faults, path, await inner.open(path, mode))),
    openAsBlob: (path) => check({ operation: 'openAsBlob', path }, () => inner.openAsBlob(path)),
    rename: (path, to) => check({ operation: 'rename', path, to }, () => inner.rename(path, to)),
    link: (path, to) => check({ operation: 'link', path, to }, () => inner.link(path, to)),
    remove: (path) => check({ operation: 'remove', path }, () => inner.remove(path)),
    removeDirectory: (path) =>
      check({ operation: 'removeDirectory', path }, () => inner.removeDirectory(path)),
    syncDirectory: (path) => check({ operation: 'syncDirectory', path }, () => inner.syncDirectory(path)),
  }
}

/** An error as the system gives it. */
export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: fault on purpose, '${path}'`), { code, path })
}

interface Faults {
  readonly log: readonly FaultLogEntry[]
  readonly isCrashed: () => boolean
  readonly strikes: () => number
  readonly check: <T>(entry: FaultLogEntry, run: () => Promise<T>, partly?: PartialWrite) => Promise<T>
}

type PartialWrite = (bytes: number) => Promise<void>

function createFaults(rules: readonly FaultRule[]): Faults {
  const log: FaultLogEntry[] = []
  const counts = rules.map(() => 0)
  let isCrashed = false
  let strikeCount = 0

  const isDue = (rule: FaultRule, position: number): boolean => {
    counts[position] = (counts[position] ?? 0) + 1
    return rule.nth === undefined || rule.nth === counts[position]
  }
  return {
    log,
    isCrashed: () => isCrashed,
    strikes: () => strikeCount,
    async check(entry, run, partly) {
      if (isCrashed) throw new CrashError('the process is gone')
      log.push(entry)
      // Every rule that fits counts the operation, whichever of them strikes.
      const striking = rules.filter((rule, position) => fits(rule, entry) && isDue(rule, position))
      const [rule] = striking
      if (rule === undefined) return run()
      strikeCount += 1
      if (rule.partialBytes !== undefined) await partly?.(rule.partialBytes)
      if (rule.error !== 'crash') throw systemError(rule.error, entry.path)
      isCrashed = true
      throw new CrashError(`the process went at ${entry.operation} ${entry.path}`)
    },
  }
}

function fits(rule: FaultRule, { operation, path, to }: FaultLogEntry): boolean {
  if (rule.operation !== undefined && rule.operation !== operation) return false
  return rule.path === undefined || path.includes(rule.path) || to?.includes(rule.path) === true
}

function faultFile({ check, isCrashed }: Faults, path: string, file: OpenFile): OpenFile {
  return {
    read: (buffer, position) => check({ operation: 'read', path }, () => file.read(buffer, position)),
    write: (bytes) =>
      check(
        { operation: 'write', path },
        () => file.write(bytes),
        (count) => file.write(bytes.subarray(0, count)),
      ),
    truncate: (bytes) => check({ operation: 'truncate', path }, () => file.truncate(bytes)),
    sync: () => check({ operation: 'sync', path }, () => file.sync()),
    stat: () => check({ operation: 'fileStat', path }, () => file.stat()),
    async close() {
      // The system closes what a process leaves open; a close that fails has closed all the same.
      const wasCrashed = isCrashed()
      await file.close()
      if (wasCrashed) throw new CrashError('the process is gone')
      await check({ operation: 'close', path }, async () => {})
    },
  }
}
