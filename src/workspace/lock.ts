import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '../clock.js'
import { systemClock } from '../clock.js'
import type { BatchReconciliationError } from '../errors.js'
import { reconciliationError } from '../errors.js'
import { claimName, isTaken, withPreparedRecord, writeNewRecord } from './claim-name.js'
import { asFileProblem } from './file-problem.js'
import { holderText } from './holder-text.js'
import type { LockHolder, WorkspaceLockState } from './lock-file.js'
import { readLockFile, readWorkspaceLock } from './lock-file.js'
import type { BatchWorkspace } from './open-workspace.js'
import { cannotLink } from './rename-to-new.js'
import type { ProcessTable } from './process-table.js'
import { isGone, isInSight, ownIdentity, systemProcessTable } from './process-table.js'
import { removeIfThere } from './remove-if-there.js'
import { shellWord } from './shell-word.js'

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
 * Takes the lock file for this process, or throws `WorkspaceLocked` saying who has it. The lock of a process of
 * this machine that is gone is taken over; that of another machine, or of a container with its own processes, never is,
 * for nobody can look there.
 */
export async function acquireLockFile(
  workspace: BatchWorkspace,
  { clock = systemClock, processes = systemProcessTable }: LockOptions = {},
): Promise<WorkspaceLock> {
  const { layout, fileSystem } = workspace
  const path = layout.lockFile
  const holder = newHolder(clock, processes)
  const preparedPath = `${path}.${holder.token}`
  const taking = withPreparedRecord(fileSystem, preparedPath, holder, async () => {
    await take(workspace, { holder, preparedPath, processes })
    await removeLeftovers(workspace)
  })
  await taking.catch(asFileProblem({ path, action: 'lock the workspace with' }))
  return { holder, release: () => release(workspace, holder) }
}

/** Removes the lock whoever holds it (`unlock`); gives what it said. For a person who knows that nobody works. */
export async function removeWorkspaceLock(workspace: BatchWorkspace): Promise<WorkspaceLockState> {
  const state = await readWorkspaceLock(workspace)
  const path = workspace.layout.lockFile
  const removing = async (): Promise<void> => {
    await removeIfThere(workspace.fileSystem, path)
    await removeLeftovers(workspace)
  }
  await removing().catch(asFileProblem({ path, action: 'remove the lock' }))
  return state
}

/** Whether a process has the lock file: one that nobody can tell to be left over counts. */
export async function isLocked(
  workspace: BatchWorkspace,
  processes: ProcessTable = systemProcessTable,
): Promise<boolean> {
  const state = await readWorkspaceLock(workspace)
  return state.type === 'held' ? !isGone(state.holder, processes) : state.type === 'unreadable'
}

function newHolder(clock: Clock, processes: ProcessTable): LockHolder {
  return {
    ...ownIdentity(processes),
    token: randomBytes(16).toString('hex'),
    acquired_at_ms: clock.now(),
  }
}

interface LockRequest {
  readonly holder: LockHolder
  readonly preparedPath: string
  readonly processes: ProcessTable
}

async function take(workspace: BatchWorkspace, request: LockRequest): Promise<void> {
  if (await couldTake(workspace, request)) return
  const state = await readLockFile(workspace.fileSystem, workspace.layout.lockFile)
  if (state.type !== 'held') throw locked(workspace, state, request.processes)
  await takeOver(workspace, request, state.holder)
}

/** Where the disk knows no second names the lock is written in place; only a crash meanwhile leaves it torn. */
async function couldTake(
  { layout, fileSystem }: BatchWorkspace,
  { holder, preparedPath }: LockRequest,
): Promise<boolean> {
  try {
    return await claimName(fileSystem, preparedPath, layout.lockFile)
  } catch (error) {
    if (!cannotLink(error)) throw error
    return writeNewRecord(fileSystem, layout.lockFile, holder).then(
      () => true,
      (failure: unknown) => {
        if (isTaken(failure)) return false
        throw failure
      },
    )
  }
}

/**
 * Of all processes that find the same stale lock, the one that becomes its heir may replace it: it gives its own record
 * a name made of the token of the one before. An heir that is gone as well has an heir of its own, so that a kill in the
 * middle of this keeps nobody out. Whoever comes late finds another lock under the name, and leaves.
 */
async function takeOver(workspace: BatchWorkspace, request: LockRequest, stale: LockHolder): Promise<void> {
  const { layout, fileSystem } = workspace
  const { preparedPath, processes } = request
  const last = await lastHeir(workspace, stale, processes)
  if (!isGone(last, processes)) throw locked(workspace, { type: 'held', holder: last }, processes)
  const heirPath = heirPathOf(workspace, last)
  if (!(await claimHeirship(workspace, request, heirPath)))
    throw locked(workspace, { type: 'held', holder: last }, processes)
  try {
    const standing = await readLockFile(fileSystem, layout.lockFile)
    const isSame = standing.type === 'held' && standing.holder.token === stale.token
    if (!isSame) throw locked(workspace, standing, processes)
    await fileSystem.rename(preparedPath, layout.lockFile)
  } finally {
    await removeIfThere(fileSystem, heirPath)
  }
}

/** Without second names a record of our own under that name does the same, unless a crash tears it. */
async function claimHeirship(
  { fileSystem }: BatchWorkspace,
  { holder, preparedPath }: LockRequest,
  heirPath: string,
): Promise<boolean> {
  try {
    return await claimName(fileSystem, preparedPath, heirPath)
  } catch (error) {
    if (!cannotLink(error)) throw error
    await writeNewRecord(fileSystem, heirPath, holder)
    return true
  }
}

/** Longer chains than this are no accident; whoever finds one needs `unlock`. */
const mostHeirs = 1_000

async function lastHeir(
  workspace: BatchWorkspace,
  stale: LockHolder,
  processes: ProcessTable,
): Promise<LockHolder> {
  let last = stale
  for (let heirs = 0; heirs < mostHeirs; heirs += 1) {
    const next = await readLockFile(workspace.fileSystem, heirPathOf(workspace, last))
    if (next.type === 'free') return last
    if (next.type === 'unreadable') throw locked(workspace, next, processes)
    last = next.holder
  }
  throw locked(workspace, { type: 'unreadable' }, processes)
}

const heirPathOf = ({ layout }: BatchWorkspace, { token }: LockHolder): string =>
  `${layout.lockFile}.${token}.heir`

async function release(workspace: BatchWorkspace, holder: LockHolder): Promise<void> {
  const state = await readWorkspaceLock(workspace)
  if (state.type !== 'held' || state.holder.token !== holder.token) return
  const path = workspace.layout.lockFile
  await removeIfThere(workspace.fileSystem, path).catch(asFileProblem({ path, action: 'remove the lock' }))
}

/**
 * What crashes in the middle of locking left beside the lock. Somebody who is locking at this moment finds its record
 * gone, and that the workspace is locked: which it is.
 */
async function removeLeftovers({ layout, fileSystem }: BatchWorkspace): Promise<void> {
  const leftover = /^\.batch-reconciler\.lock\.[0-9a-f]{32}(?:\.(?:heir|stale))?$/
  for (const { name, kind } of await fileSystem.list(layout.root)) {
    if (kind === 'file' && leftover.test(name)) await removeIfThere(fileSystem, join(layout.root, name))
  }
}

function locked(
  { root, layout }: BatchWorkspace,
  state: WorkspaceLockState,
  processes: ProcessTable,
): BatchReconciliationError {
  const who = state.type === 'held' ? whoHolds(state.holder, processes) : 'somebody whose lock cannot be read'
  return reconciliationError({
    code: 'WorkspaceLocked',
    message: `${root} is being worked on by ${who}.`,
    hint: `Wait until it ends. If you know that it is gone: \`batch-reconciler unlock ${shellWord(root)}\`.`,
    facts: { root, lockFile: layout.lockFile, holder: state.type === 'held' ? state.holder : null },
  })
}

function whoHolds(holder: LockHolder, processes: ProcessTable): string {
  const isNamesake = holder.host === processes.host && !isInSight(holder, processes)
  return `${holderText(holder)}${isNamesake ? ' (in another container or machine of this name)' : ''}`
}
