import { resolve } from 'node:path'
import { reconciliationError } from '../../errors.js'
import { holderText } from '../../workspace/holder-text.js'
import { freeWorkspace, workersAtWork, workersText } from '../../workspace/hold-workspace.js'
import { readWorkspaceLock } from '../../workspace/lock.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { isGone, isInSight, systemProcessTable, type ProcessIdentity } from '../../workspace/process-table.js'
import { command } from '../command.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { terminalText } from '../render/terminal-text.js'
import type { UnlockFlags } from '../routes.js'

/** `unlock <workspace>`: removes what locks it, though not from under a process of this machine that still runs. */
export const unlock = command(
  async (context, { force = false }: UnlockFlags, root: string): Promise<ExitCode> => {
    const workspace = await openWorkspace(resolve(context.currentDirectory, root))
    const { stdout } = context.process
    const lock = await readWorkspaceLock(workspace)
    const workers = await workersAtWork(workspace)
    if (!force) {
      if (lock.type === 'held' && isAtWorkHere(lock.holder)) throw stillRuns(holderText(lock.holder))
      const here = workers.filter(isAtWorkHere)
      if (here.length > 0) throw stillRuns(workersText(here))
    }
    await freeWorkspace(workspace)
    const holders = [
      ...(lock.type === 'held' ? [holderText(lock.holder)] : []),
      ...(workers.length > 0 ? [workersText(workers)] : []),
    ]
    const message = lock.type === 'free' && workers.length > 0 ? messages.held : messages[lock.type]
    const whose = holders.length === 0 ? '' : ` It was held by ${terminalText(holders.join(' and by '))}.`
    stdout.write(`${message}${whose}\n`)
    return exitCodes.success
  },
)

const messages = {
  free: 'The workspace was not locked.',
  held: 'Unlocked.',
  unreadable: 'Unlocked. The lock could not be read.',
} as const

const isAtWorkHere = (holder: ProcessIdentity): boolean =>
  isInSight(holder, systemProcessTable) && !isGone(holder, systemProcessTable)

function stillRuns(holder: string): Error {
  return reconciliationError({
    code: 'WorkspaceLocked',
    message: `The workspace is being worked on by ${terminalText(holder)}, still running.`,
    hint: 'Stop it first. Two at once can pay for a batch twice; --force unlocks all the same.',
    facts: { holder },
  })
}
