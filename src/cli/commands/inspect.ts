import { resolve } from 'node:path'
import { reconciliationError } from '../../errors.js'
import { exportJournal, exportWorkspace } from '../../inspect/export-page.js'
import { inspectJournal, inspectWorkspace, type Inspector } from '../../inspect/open-inspector.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import type { CommandLineContext } from '../context.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import type { InspectFlags } from '../inspect-routes.js'
import { terminalText } from '../render/terminal-text.js'

/** `inspect <workspace>`: the page over what stands on disk, until Ctrl-C. */
export const inspect = command(async (context, flags: InspectFlags, root?: string): Promise<ExitCode> => {
  if ((root === undefined) === (flags.replay === undefined)) throw neitherOrBoth()
  if (flags.export !== undefined) return save(context, flags, flags.export, root)
  const inspector = await open(context, flags, root)
  context.process.stderr.write(`${inspector.url}\nOpen this address in a browser; Ctrl-C ends.\n`)
  await stopped(context.signal)
  await inspector.close()
  return exitCodes.success
})

async function open(
  { currentDirectory, clock }: CommandLineContext,
  { port, replay }: InspectFlags,
  root = '',
): Promise<Inspector> {
  if (replay !== undefined) return inspectJournal(resolve(currentDirectory, replay), { port, clock })
  return inspectWorkspace(await openWorkspace(resolve(currentDirectory, root)), { port, clock })
}

async function save(
  { currentDirectory, clock, process: { stderr } }: CommandLineContext,
  { replay }: InspectFlags,
  out: string,
  root = '',
): Promise<ExitCode> {
  const path = resolve(currentDirectory, out)
  if (replay !== undefined) await exportJournal(resolve(currentDirectory, replay), path, { clock })
  else await exportWorkspace(await openWorkspace(resolve(currentDirectory, root)), path, { clock })
  stderr.write(`Wrote ${terminalText(path)}.\n`)
  return exitCodes.success
}

/** Resolves when the signal fires; a page is left open until then. */
export function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolvePromise) => {
    signal.addEventListener('abort', () => resolvePromise(), { once: true })
  })
}

function neitherOrBoth(): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message: 'Either a workspace or --replay with a journal was expected.',
    hint: 'Name the folder that holds workdir/, or one journal of it.',
  })
}
