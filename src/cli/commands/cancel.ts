import { resolve } from 'node:path'
import { cancelBatches, cancellableTriples, type CancellableTriple } from '../../engine/cancel-batches.js'
import { reconciliationError } from '../../errors.js'
import { countOf, countText } from '../../units.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { isYes } from '../ask.js'
import { command } from '../command.js'
import { connectOrRefuse } from '../connect.js'
import type { CommandLineContext } from '../context.js'
import type { Ending } from '../ending.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { terminalText } from '../render/terminal-text.js'
import type { CancelFlags } from '../server-routes.js'
import { withProgress } from '../with-progress.js'
import { endingOfReport, writeReport } from '../write-report.js'

/** `cancel <workspace> [index…]`: stops batches at the server; what they answered is kept. */
export const cancel = command(
  async (context, flags: CancelFlags, root: string, ...indices: string[]): Promise<ExitCode | Ending> => {
    const client = await connectOrRefuse(context, flags)
    const workspace = await openWorkspace(resolve(context.currentDirectory, root))
    const wanted = indices.length === 0 ? 'all' : indices
    const found = await cancellableTriples(workspace, wanted)
    const { stderr } = context.process
    if (found.length === 0) {
      stderr.write('No batch is under way; nothing was cancelled.\n')
      return exitCodes.success
    }
    if (!(await isConfirmed(context, flags, found))) {
      stderr.write('Nothing was cancelled.\n')
      return exitCodes.success
    }
    const { clock, signal } = context
    // Exactly what was shown: a batch that came since was never agreed to.
    const agreed = found.map(({ index }) => index)
    const report = await withProgress(context, ({ onEvent }) =>
      cancelBatches(workspace, agreed, { client, clock, signal, onEvent }),
    )
    await writeReport(context, flags, workspace, report)
    for (const index of report.untouched)
      stderr.write(`Triple ${terminalText(index)} has nothing at the server that could be stopped.\n`)
    return endingOfReport(report)
  },
)

async function isConfirmed(
  { ask }: CommandLineContext,
  { yes = false }: CancelFlags,
  found: readonly CancellableTriple[],
): Promise<boolean> {
  if (yes) return true
  if (ask === null) throw notConfirmed(found)
  const lines = found.slice(0, mostShown).map(lineOf)
  const more = found.length > mostShown ? [`  and ${countOf(found.length - mostShown, 'more triple')}`] : []
  const question = `${batchesText(found.length)} will be cancelled; what is answered by then is kept and paid for:`
  return isYes(await ask(`${[question, ...lines, ...more].join('\n')}\nCancel? [y/N] `))
}

const mostShown = 20

function lineOf({ index, batchId, remoteStatus, requests }: CancellableTriple): string {
  const batch =
    batchId === null
      ? 'its submission is not confirmed'
      : `batch ${batchId}, ${remoteStatus ?? 'never asked'}`
  const size = requests === null ? '' : `, ${countOf(requests, 'request')}`
  return terminalText(`  ${index}: ${batch}${size}`)
}

const batchesText = (count: number): string => `${countText(count)} ${count === 1 ? 'batch' : 'batches'}`

function notConfirmed(found: readonly CancellableTriple[]): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message: `${batchesText(found.length)} would be cancelled, and there is no terminal to confirm it at; nothing was touched.`,
    hint: 'Add --yes when that is what you want.',
  })
}
