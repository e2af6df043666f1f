import { createHash } from 'node:crypto'
import { join, resolve, sep } from 'node:path'
import type { FileKind } from '../../machines/index.js'
import type { BatchIndex } from './batch-index.js'
import { batchFileName, supersededFileName } from './file-names.js'

/** The absolute path of every directory and file this project names (`docs/on-disk-format.md`). */
export interface WorkspaceLayout {
  readonly root: string
  readonly workdir: string
  readonly done: string
  readonly target: string
  readonly failedItems: string
  readonly failedJsonRepairs: string
  readonly logs: string
  /** Held while one process works on the workspace. */
  readonly lockFile: string
  /** What the answers of each finished triple took. */
  readonly tokenLogFile: string
  /** Where workers say that they are at work, and on what. There only while some are. */
  readonly workers: string
  workdirFile(kind: FileKind, index: BatchIndex): string
  doneFile(kind: FileKind, index: BatchIndex): string
  /** Where a download grows until it is whole. */
  partFile(kind: FileKind, index: BatchIndex): string
  /** The final rows of a lineage, one for each request of its root triple. */
  resultsFile(rootIndex: BatchIndex): string
  /** A file the server gave first, when it later gave another one. */
  supersededFile(kind: 'output' | 'error', index: BatchIndex, sha256: string): string
  /** Requests that failed for good. */
  failedFile(index: BatchIndex): string
  /** Lines that could not be read, with their place. */
  unreadableFile(index: BatchIndex): string
  /** The ids of all requests without an answer, where the triple stopped for want of them. */
  missingFile(index: BatchIndex): string
  /** The proof that every request is accounted for. */
  accountingFile(index: BatchIndex): string
  /** Rows of the attempt that is being processed. */
  rowsFile(index: BatchIndex): string
  /** What the requests of a triple are, as hashes: known also when its input is gone. */
  registerFile(index: BatchIndex): string
  journalFile(index: BatchIndex): string
  /** The journal before its last rotation. */
  olderJournalFile(index: BatchIndex): string
  expansionErrorLogFile(index: BatchIndex): string
}

const at = (directory: string, name: string): string => directory + sep + name

/** Names everything below `root`. Touches no disk. Paths are put together as text: a run asks for dozens for each triple. */
export function workspaceLayout(root: string): WorkspaceLayout {
  const base = resolve(root)
  const [workdir, done, target] = [join(base, 'workdir'), join(base, 'done'), join(base, 'target')]
  const failedItems = join(base, 'failed-items')
  const logs = join(base, 'logs')
  return {
    root: base,
    workdir,
    done,
    target,
    failedItems,
    failedJsonRepairs: join(base, 'failed-json-repairs'),
    logs,
    tokenLogFile: at(logs, 'batch_tokens.jsonl'),
    lockFile: join(base, '.batch-reconciler.lock'),
    workers: join(base, '.batch-reconciler.workers'),
    workdirFile: (kind, index) => at(workdir, batchFileName(kind, index)),
    doneFile: (kind, index) => at(done, batchFileName(kind, index)),
    partFile: (kind, index) => at(workdir, `${batchFileName(kind, index)}.part`),
    resultsFile: (rootIndex) => at(target, `batch_results_${rootIndex}.jsonl`),
    supersededFile: (kind, index, sha256) => at(failedItems, supersededFileName(kind, index, sha256)),
    failedFile: (index) => at(failedItems, `batch_failed_${index}.jsonl`),
    unreadableFile: (index) => at(failedItems, `batch_unreadable_${index}.jsonl`),
    missingFile: (index) => at(failedItems, `batch_missing_${index}.jsonl`),
    accountingFile: (index) => at(logs, `batch_accounting_${index}.json`),
    rowsFile: (index) => at(logs, `batch_rows_${index}.part.jsonl`),
    registerFile: (index) => at(logs, `batch_requests_${index}.bin`),
    journalFile: (index) => at(logs, `batch_journal_${index}.jsonl`),
    olderJournalFile: (index) => at(logs, `batch_journal_${index}.1.jsonl`),
    expansionErrorLogFile: (index) => at(logs, `batch_expansion_error_log_${index}.jsonl`),
  }
}

/** The six directories of a workspace. */
export function workspaceDirectories(layout: WorkspaceLayout): readonly string[] {
  const { workdir, done, target, failedItems, failedJsonRepairs, logs } = layout
  return [workdir, done, target, failedItems, failedJsonRepairs, logs]
}

/**
 * A file name for any `custom_id`: a readable beginning and a hash, at most 100 bytes of `[A-Za-z0-9._-]`,
 * never hidden and never a path. Different ids get different names, also where case does not count.
 */
export function safeFileName(customId: string): string {
  const readable = customId
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .slice(0, 60)
    .replace(/^\.+/, '_')
  // UTF-16 as it is in memory: in UTF-8 all lone surrogates would become the same character.
  const hash = createHash('sha256').update(customId, 'utf16le').digest('hex').slice(0, 24)
  return readable === '' ? hash : `${readable}-${hash}`
}
