import type { Problem } from '../../machines/index.js'
import type { BatchReconciliationError } from '../errors.js'
import { isBatchReconciliationError, laterHint, reconciliationError } from '../errors.js'
import { systemErrorCode } from './system-error-code.js'

/** What was being done to which path when the system refused. `action` reads after "could not": `write`, `move`. */
export interface FileAction {
  readonly path: string
  readonly action: string
  readonly index?: string
}

/** Says in this project's words what the disk refused; an error that already says so is given back as it is. */
export function fileProblem(error: unknown, { path, action, index }: FileAction): BatchReconciliationError {
  if (isBatchReconciliationError(error)) return error
  const systemCode = systemErrorCode(error) ?? 'unknown'
  const kind = kinds[systemCode] ?? unknownKind
  const problem: Problem = {
    code: kind.code,
    message: `Could not ${action} ${path}: ${kind.reason} (${systemCode}).`,
    hint: kind.hint,
    facts: { path, action, systemCode },
    ...(kind.isPassing === true ? { isPassing: true } : {}),
    ...(kind.code === 'NotARegularFile' ? { needsPerson: true } : {}),
  }
  return reconciliationError(problem, { index, cause: error })
}

/** For `.catch(...)`: rejects with the problem instead. Errors that are not the system's pass unchanged. */
export function asFileProblem(action: FileAction): (error: unknown) => never {
  return (error) => {
    throw systemErrorCode(error) === null ? error : fileProblem(error, action)
  }
}

/**
 * The error of a disk that nobody on its way has put into words, in words; any other as it is. A step or a call ends with an
 * error of this package, whichever operation the system refused.
 */
export function inWords(error: unknown, root: string): unknown {
  const systemCode = systemErrorCode(error)
  if (systemCode === null || !(systemCode in kinds || otherRefusals.has(systemCode))) return error
  const { path, syscall } = error as NodeJS.ErrnoException
  return fileProblem(error, { path: path ?? `a file of ${root}`, action: syscall ?? 'use' })
}

/** Of a disk, and never of a network or of Node itself. */
const otherRefusals: ReadonlySet<string> = new Set(['EBADF', 'ENAMETOOLONG', 'ENOTEMPTY', 'ESTALE', 'EXDEV'])

interface Kind {
  readonly code: 'DiskFull' | 'PermissionDenied' | 'NotARegularFile' | 'FileSystemError'
  readonly reason: string
  readonly hint: string
  readonly isPassing?: boolean
}

const freeSpace = 'Free some space and run again; nothing was lost.'
const giveAccess = 'Give this user the right to read and write the workspace, then run again.'
const makeWritable =
  'Mount it so that it can be written, or copy the whole workspace to a disk that can, then run again; nothing was lost.'
const closeFiles = `${laterHint} If it stays: close what else uses the file, or raise \`ulimit -n\`.`
const ownFault = 'Look at the disk and at the path, then run again; nothing was lost.'

const unknownKind: Kind = { code: 'FileSystemError', reason: 'the system refused', hint: ownFault }

const kinds: Readonly<Record<string, Kind>> = {
  ENOSPC: { code: 'DiskFull', reason: 'the disk is full', hint: freeSpace },
  EDQUOT: { code: 'DiskFull', reason: 'the disk quota is used up', hint: freeSpace },
  EACCES: { code: 'PermissionDenied', reason: 'permission denied', hint: giveAccess },
  EPERM: { code: 'PermissionDenied', reason: 'the operation is not permitted', hint: giveAccess },
  EROFS: { code: 'PermissionDenied', reason: 'the file system is read-only', hint: makeWritable },
  EISDIR: {
    code: 'NotARegularFile',
    reason: 'a directory stands where a file was expected',
    hint: 'Move the directory away; a file belongs there.',
  },
  // What open(2) says of a socket; our disk says it of pipes and devices too.
  ENXIO: {
    code: 'NotARegularFile',
    reason: 'a pipe, a socket or a device stands where a file was expected',
    hint: 'Move it away, or give it another name; a file belongs there.',
  },
  // What open(2) says of a loop of links, and of one where none is followed; our disk says it of one that leads nowhere.
  ELOOP: {
    code: 'NotARegularFile',
    reason: 'a symbolic link stands where a file was expected',
    hint: 'Put the file itself there, or move the link away.',
  },
  EBUSY: { code: 'FileSystemError', reason: 'it is in use', hint: closeFiles, isPassing: true },
  EAGAIN: {
    code: 'FileSystemError',
    reason: 'it is not available just now',
    hint: closeFiles,
    isPassing: true,
  },
  EMFILE: { code: 'FileSystemError', reason: 'too many files are open', hint: closeFiles, isPassing: true },
  ENFILE: {
    code: 'FileSystemError',
    reason: 'the system has too many files open',
    hint: closeFiles,
    isPassing: true,
  },
  ENOENT: {
    code: 'FileSystemError',
    reason: 'it does not exist',
    hint: 'If it was moved or deleted during the run, put it back and run again.',
  },
  // Directories are made where they are missing: where that meets something, it is no directory.
  EEXIST: {
    code: 'FileSystemError',
    reason: 'something else stands there',
    hint: 'Move it away, or give it another name, then run again; nothing was lost.',
  },
  ENOTDIR: {
    code: 'FileSystemError',
    reason: 'a file stands where a directory belongs',
    hint: 'Move that file away, or give it another name, then run again; nothing was lost.',
  },
  EIO: { code: 'FileSystemError', reason: 'the disk could not read or write', hint: ownFault },
}
