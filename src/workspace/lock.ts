import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '../clock.js'
import { systemClock } from '../clock.js'
import type { BatchReconciliationError } from '../errors.js'
import { reconciliationError } from '../errors.js'
import { asFileProblem } from './file-problem.js'
import { holderText } from './holder-text.js'
import type { LockHolder, WorkspaceLockState } from './lock-file.js'
import { readLockFile, readWorkspaceLock } from './lock-file.js'
import type { BatchWorkspace } from './open-workspace.js'
import { cannotLink } from './place-file.js'
import type { ProcessTable } from './process-table.js'
import { systemProcessTable } from './process-table.js'
import { systemErrorCode } from './system-error-code.js'

export { readWorkspaceLock } from './lock-file.js'
export type { LockHolder, WorkspaceLockState } from './lock-file.js'

export interface WorkspaceLock {
  readonly holder: LockHolder
  /** Gives the workspace back; a lock that is no longer ours is left alone. */
  release(): Promise<void>
}

export interface LockOptions {
  /** The system's unless given. */
  readonly clock?: Clock
  /** This machine's unless given. */
  readonly processes?: ProcessTable
}

/**
 * Takes the workspace for this process, or throws `WorkspaceLocked` saying who has it. The lock of a process of
 * this machine that is gone is taken over; that of another machine never is, for nobody can look there.
 */
export async function acquireWorkspaceLock(
  workspace: BatchWorkspace,
  { clock = systemClock, processes = systemProcessTable }: LockOptions = {},
): Promise<WorkspaceLock> {
  const path = workspace.layout.lockFile
  const holder = newHolder(clock, processes)
  await withPreparedLock(workspace, holder, (preparedPath) =>
    take(workspace, { holder, preparedPath, processes }),
  ).catch(asFileProblem({ path, action: 'lock the workspace with' }))
  return { holder, release: () => release(workspace, holder) }
}

/** Removes the lock whoever holds it (`unlock`); gives what it said. For a person who knows that nobody works. */
export async function removeWorkspaceLock(workspace: BatchWorkspace): Promise<WorkspaceLockState> {
  const state = await readWorkspaceLock(workspace)
  const path = workspace.layout.lockFile
  await removeLockFiles(workspace).catch(asFileProblem({ path, action: 'remove the lock' }))
  return state
}

/** Whether a process works on the workspace: a lock that nobody can tell to be left over counts. */
export async function isWorkedOn(
  workspace: BatchWorkspace,
  processes: ProcessTable = systemProcessTable,
): Promise<boolean> {
  const state = await readWorkspaceLock(workspace)
  return state.type === 'held' ? !isGone(state.holder, processes) : state.type === 'unreadable'
}

function newHolder(clock: Clock, processes: ProcessTable): LockHolder {
  const { host, pid } = processes
  const token = randomBytes(16).toString('hex')
  return { host, pid, process_start: processes.startOf(pid), token, acquired_at_ms: clock.now() }
}

/** Writes the lock under a name of its own first: under its final name it is then never half written. */
async function withPreparedLock(
  workspace: BatchWorkspace,
  holder: LockHolder,
  use: (preparedPath: string) => Promise<void>,
): Promise<void> {
  const preparedPath = `${workspace.layout.lockFile}.${holder.token}`
  try {
    await writeNewFile(workspace, preparedPath, holder)
    await use(preparedPath)
  } finally {
    await removeIfThere(workspace, preparedPath)
  }
}

async function writeNewFile({ fileSystem }: BatchWorkspace, path: string, holder: LockHolder): Promise<void> {
  const file = await fileSystem.open(path, 'create')
  try {
    await file.write(new TextEncoder().encode(`${JSON.stringify(holder)}\n`))
  } finally {
    await file.close()
  }
}

async function take(workspace: BatchWorkspace, request: LockRequest): Promise<void> {
  const { layout, fileSystem } = workspace
  const { holder, preparedPath, processes } = request
  if (await couldTake(workspace, holder, preparedPath)) return
  const state = await readLockFile(fileSystem, layout.lockFile)
  if (state.type !== 'held' || !isGone(state.holder, processes)) throw locked(workspace, state)
  await takeOver(workspace, preparedPath, state)
}

/** Where the disk knows no second names the lock is written in place; only a crash meanwhile leaves it torn. */
async function couldTake(
  workspace: BatchWorkspace,
  holder: LockHolder,
  preparedPath: string,
): Promise<boolean> {
  const path = workspace.layout.lockFile
  try {
    return await linked(workspace, preparedPath, path)
  } catch (error) {
    if (!cannotLink(error)) throw error
    return notTaken(writeNewFile(workspace, path, holder))
  }
}

interface LockRequest {
  readonly holder: LockHolder
  readonly preparedPath: string
  readonly processes: ProcessTable
}

function isGone({ host, pid, process_start: start }: LockHolder, processes: ProcessTable): boolean {
  if (host !== processes.host) return false
  if (!processes.isAlive(pid)) return true
  const current = processes.startOf(pid)
  return start !== null && current !== null && start !== current
}

/**
 * Of all processes that find the same stale lock, the one that gives it a second name, made of its token, may
 * replace it. Giving a name disturbs nothing, so whoever comes late and finds a fresh lock under it just leaves:
 * the name is only free before the stale lock was claimed, or after it was replaced.
 */
async function takeOver(
  workspace: BatchWorkspace,
  preparedPath: string,
  stale: Extract<WorkspaceLockState, { type: 'held' }>,
): Promise<void> {
  const { layout, fileSystem } = workspace
  const claimPath = `${layout.lockFile}.${stale.holder.token}.stale`
  if (!(await linked(workspace, layout.lockFile, claimPath))) throw locked(workspace, stale)
  try {
    const claimed = await readLockFile(fileSystem, claimPath)
    const isStale = claimed.type === 'held' && claimed.holder.token === stale.holder.token
    if (!isStale) throw locked(workspace, claimed)
    await fileSystem.rename(preparedPath, layout.lockFile)
  } finally {
    await removeIfThere(workspace, claimPath)
  }
}

/** False when the name is taken, or what should get it is gone. */
function linked({ fileSystem }: BatchWorkspace, from: string, to: string): Promise<boolean> {
  return notTaken(fileSystem.link(from, to))
}

async function notTaken(naming: Promise<void>): Promise<boolean> {
  try {
    await naming
    return true
  } catch (error) {
    if (['EEXIST', 'ENOENT'].includes(systemErrorCode(error) ?? '')) return false
    throw error
  }
}

async function release(workspace: BatchWorkspace, holder: LockHolder): Promise<void> {
  const state = await readWorkspaceLock(workspace)
  if (state.type !== 'held' || state.holder.token !== holder.token) return
  await removeIfThere(workspace, workspace.layout.lockFile)
}

/** With what a crash in the middle of locking left beside the lock. */
async function removeLockFiles(workspace: BatchWorkspace): Promise<void> {
  const { layout, fileSystem } = workspace
  const remains = /^\.batch-reconciler\.lock(?:\.[0-9a-f]{32}(?:\.stale)?)?$/
  for (const { name } of await fileSystem.list(layout.root)) {
    if (remains.test(name)) await removeIfThere(workspace, join(layout.root, name))
  }
}

async function removeIfThere({ fileSystem }: BatchWorkspace, path: string): Promise<void> {
  try {
    await fileSystem.remove(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
  }
}

function locked({ root, layout }: BatchWorkspace, state: WorkspaceLockState): BatchReconciliationError {
  const who = state.type === 'held' ? holderText(state.holder) : 'somebody whose lock cannot be read'
  return reconciliationError({
    code: 'WorkspaceLocked',
    message: `${root} is being worked on by ${who}.`,
    hint: `Wait until it ends. If you know that it is gone: \`batch-reconciler unlock ${root}\`.`,
    facts: { root, lockFile: layout.lockFile, holder: state.type === 'held' ? state.holder : null },
  })
}
