import { resolve } from 'node:path'
import { retryByHand, type RetriedRequests } from '../../engine/retry-by-hand.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { connect } from '../connect.js'
import type { Ending } from '../ending.js'
import { processorOf, reconcileOptions } from '../reconcile-options.js'
import { countOf } from '../../units.js'
import type { RetryFlags } from '../server-routes.js'
import { serverOf } from '../sending-flags.js'
import { withProgress } from '../with-progress.js'
import { endingOfReport, writeReport } from '../write-report.js'

/** `retry <workspace> <index>`: sends again what failed for good, or runs one triple again. */
export const retry = command(
  async (context, flags: RetryFlags, root: string, index: string): Promise<Ending> => {
    const client = await connect(context, flags)
    const server = await serverOf(context, client, flags)
    const workspace = await openWorkspace(resolve(context.currentDirectory, root))
    const loaded = await processorOf(context, flags)
    const report = await withProgress(context, ({ onEvent }) =>
      retryByHand(workspace, index, {
        ...reconcileOptions(context, flags, loaded),
        ...server,
        shouldRetryAnswers: flags.all,
        shouldRetryUnrecognised: flags.unrecognised,
        onEvent,
      }),
    )
    const { stderr } = context.process
    for (const retried of report.retried) if (retried.isKnown) stderr.write(`${knownText(retried)}\n`)
    await writeReport(context, flags, workspace, report)
    if (client === null && report.retried.length > 0) stderr.write(waitText)
    return endingOfReport(report)
  },
)

function knownText({ requests, retryIndex }: RetriedRequests): string {
  const verb = requests === 1 ? 'stands' : 'stand'
  return `${countOf(requests, 'request')} ${verb} in triple ${retryIndex} already; nothing is sent twice.`
}

const waitText =
  'No key of a server is set, so nothing was sent: the next run or watch with OPENAI_API_KEY sends it.\n'
