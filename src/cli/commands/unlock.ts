import { resolve } from 'node:path'
import { reconciliationError } from '../../errors.js'
import { holderText } from '../../workspace/holder-text.js'
import { readWorkspaceLock, removeWorkspaceLock, type LockHolder } from '../../workspace/lock.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { systemProcessTable } from '../../workspace/process-table.js'
import { command } from '../command.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { terminalText } from '../render/terminal-text.js'
import type { UnlockFlags } from '../routes.js'

/** `unlock <workspace>`: removes a lock, though not from under a process of this machine that still runs. */
export const unlock = command(
  async (context, { force = false }: UnlockFlags, root: string): Promise<ExitCode> => {
    const workspace = await openWorkspace(resolve(context.currentDirectory, root))
    const { stdout } = context.process
    const lock = await readWorkspaceLock(workspace)
    if (lock.type === 'held' && !force && isAtWorkHere(lock.holder)) throw stillRuns(lock.holder)
    await removeWorkspaceLock(workspace)
    stdout.write(
      `${messages[lock.type]}${lock.type === 'held' ? ` It was held by ${terminalText(holderText(lock.holder))}.` : ''}\n`,
    )
    return exitCodes.success
  },
)

const messages = {
  free: 'The workspace was not locked.',
  held: 'Unlocked.',
  unreadable: 'Unlocked. The lock could not be read.',
} as const

function isAtWorkHere({ host, pid, process_start: start }: LockHolder): boolean {
  if (host !== systemProcessTable.host || !systemProcessTable.isAlive(pid)) return false
  return start === null || start === systemProcessTable.startOf(pid)
}

function stillRuns(holder: LockHolder): Error {
  return reconciliationError({
    code: 'WorkspaceLocked',
    message: `The workspace is being worked on by ${terminalText(holderText(holder))}, which still runs.`,
    hint: 'Stop that process first. Two at once can pay for a batch twice; --force unlocks all the same.',
    facts: { holder },
  })
}
