import { resolve } from 'node:path'
import { acceptTriple, type AcceptReport } from '../../engine/accept-triple.js'
import { countOf } from '../../units.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import type { AcceptFlags } from '../accept-route.js'
import { command } from '../command.js'
import { connect } from '../connect.js'
import type { Ending } from '../ending.js'
import { processorOf, reconcileOptions } from '../reconcile-options.js'
import { terminalText } from '../render/terminal-text.js'
import { serverOf } from '../sending-flags.js'
import { withProgress } from '../with-progress.js'
import { endingOfReport, writeReport } from '../write-report.js'

/** `accept <workspace> <index>`: goes on with what is here. */
export const accept = command(
  async (context, flags: AcceptFlags, root: string, index: string): Promise<Ending> => {
    const server = await serverOf(context, await connect(context, flags), flags)
    const workspace = await openWorkspace(resolve(context.currentDirectory, root))
    const loaded = await processorOf(context, flags)
    const report = await withProgress(context, ({ onEvent }) =>
      acceptTriple(workspace, index, {
        ...reconcileOptions(context, flags, loaded),
        ...server,
        keep: flags.keep,
        shouldSubmit: flags.submit,
        onEvent,
      }),
    )
    context.process.stderr.write(`${acceptedText(report)}\n`)
    await writeReport(context, flags, workspace, report)
    return endingOfReport(report)
  },
)

function acceptedText({ index, accepted: { missing, unrecognised, conflicting } }: AcceptReport): string {
  const what = [
    missing > 0 ? `${countOf(missing, 'request')} without an answer` : '',
    unrecognised > 0 ? `${countOf(unrecognised, 'row')} nobody can read` : '',
    conflicting > 0 ? `${countOf(conflicting, 'request')} with two different answers` : '',
  ].filter((words) => words !== '')
  return `Accepted of triple ${terminalText(index)}: ${what.join(', ')}.`
}
