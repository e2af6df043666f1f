import { reconciliationError, type BatchReconciliationError } from '../errors.js'
import { countOf } from '../units.js'
import { holderText } from './holder-text.js'
import {
  acquireLockFile,
  isLocked,
  removeWorkspaceLock,
  type LockOptions,
  type WorkspaceLock,
  type WorkspaceLockState,
} from './lock.js'
import type { BatchWorkspace } from './open-workspace.js'
import { isGone, systemProcessTable, type ProcessTable } from './process-table.js'
import { shellWord } from './shell-word.js'
import {
  listWorkerFiles,
  readWorker,
  removeAllWorkerFiles,
  type WorkerFiles,
} from './workers/worker-files.js'
import type { WorkerRecord } from './workers/worker-schema.js'

/**
 * Takes the workspace for this process alone, or throws `WorkspaceLocked` saying who is at work: another command, or
 * workers. What processes of this machine left that are gone is taken over; what is left of another machine never is,
 * for nobody can look there.
 */
export async function acquireWorkspaceLock(
  workspace: BatchWorkspace,
  options: LockOptions = {},
): Promise<WorkspaceLock> {
  const lock = await acquireLockFile(workspace, options)
  try {
    const workers = await workersAtWork(workspace, options.processes)
    if (workers.length > 0) throw sharedByWorkers(workspace, workers)
    // No worker comes while we have the lock file, so all of it is left over.
    await removeAllWorkerFiles(workspace)
    return lock
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** Workers that may be at work: of this machine those whose process runs, of others all that say so. */
export async function workersAtWork(
  workspace: BatchWorkspace,
  processes: ProcessTable = systemProcessTable,
): Promise<readonly WorkerRecord[]> {
  return workersIn(workspace, await listWorkerFiles(workspace), processes)
}

/** The same of what is listed already. */
export async function workersIn(
  workspace: BatchWorkspace,
  { tokens }: WorkerFiles,
  processes: ProcessTable = systemProcessTable,
): Promise<readonly WorkerRecord[]> {
  const atWork: WorkerRecord[] = []
  for (const token of tokens) {
    const read = await readWorker(workspace, token)
    if (read.type === 'record' && !isGone(read.record, processes)) atWork.push(read.record)
  }
  return atWork
}

/** Whether a command or a worker is at work, as far as can be told. */
export async function isWorkedOn(
  workspace: BatchWorkspace,
  processes: ProcessTable = systemProcessTable,
): Promise<boolean> {
  return (await isLocked(workspace, processes)) || (await workersAtWork(workspace, processes)).length > 0
}

/** Removes lock and worker files whoever made them (`unlock`); gives what the lock said. */
export async function freeWorkspace(workspace: BatchWorkspace): Promise<WorkspaceLockState> {
  const state = await removeWorkspaceLock(workspace)
  await removeAllWorkerFiles(workspace)
  return state
}

/** `2 workers (process 7 on a, since …; process 9 on b, since …)`. */
export function workersText(workers: readonly WorkerRecord[]): string {
  return workersToldText(workers.map(workerText))
}

/** The same of workers that are told already. */
export function workersToldText(texts: readonly string[]): string {
  const named = texts.slice(0, mostNamed).join('; ')
  const more = texts.length > mostNamed ? `; and ${texts.length - mostNamed} more` : ''
  return `${countOf(texts.length, 'worker')} (${named}${more})`
}

const mostNamed = 3

/** `process 7 on a, since …`. */
export const workerText = (worker: WorkerRecord): string =>
  holderText({ ...worker, acquired_at_ms: worker.since_ms })

function sharedByWorkers(
  { root }: BatchWorkspace,
  workers: readonly WorkerRecord[],
): BatchReconciliationError {
  return reconciliationError({
    code: 'WorkspaceLocked',
    message: `${root} is being worked on by ${workersText(workers)}.`,
    hint: `Stop them first (SIGTERM). If you know that they are gone: \`batch-reconciler unlock ${shellWord(root)}\`.`,
    facts: { root, workers: workers.slice(0, 20) },
  })
}
