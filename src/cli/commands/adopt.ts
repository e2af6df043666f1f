import { resolve } from 'node:path'
import { isEndedStatus } from '../../../machines/index.js'
import { adoptBatch, type AdoptReport } from '../../engine/adopt-batch.js'
import { confirmNoBatch, type NoBatchReport } from '../../engine/confirm-no-batch.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { connectOrRefuse } from '../connect.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { terminalText } from '../render/terminal-text.js'
import type { ServerFlags } from '../server-flags.js'

/** `adopt <workspace> <index> <batch_id>`: gives a triple the batch whose id was lost, or says that there is none. */
export const adopt = command(
  async (context, flags: ServerFlags, root: string, index: string, batchId: string): Promise<ExitCode> => {
    const client = await connectOrRefuse(context, flags)
    const { clock, signal } = context
    const workspace = await openWorkspace(resolve(context.currentDirectory, root))
    const options = { client, clock, signal }
    const text =
      batchId === noBatch
        ? noBatchText(await confirmNoBatch(workspace, index, options))
        : adoptedText(await adoptBatch(workspace, index, batchId, options))
    context.process.stdout.write(`${terminalText(text)}\n`)
    return exitCodes.success
  },
)

/** In place of a batch id. */
const noBatch = 'none'

function noBatchText({ index }: NoBatchReport): string {
  return `Triple ${index} has no batch at the server, as you say; the next run makes one from the same upload.`
}

function adoptedText({ index, batch: { batchId, status }, isKnown }: AdoptReport): string {
  const adopted = isKnown
    ? `Triple ${index} has batch ${batchId} already.`
    : `Triple ${index} now has batch ${batchId}.`
  const next = isEndedStatus(status) ? 'downloads its files' : 'asks for it again'
  return `${adopted} The server says ${status}; the next run ${next}.`
}
