import { resolve } from 'node:path'
import { submitRequests, type PreparedInput } from '../../engine/submit-requests.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { connectOrRefuse } from '../connect.js'
import type { ExitCode } from '../exit-codes.js'
import { reconcileOptions } from '../reconcile-options.js'
import { terminalText } from '../render/terminal-text.js'
import { countOf } from '../../units.js'
import type { SubmitFlags } from '../server-routes.js'
import { withProgress } from '../with-progress.js'
import { exitCodeOfReport, writeReport } from '../write-report.js'

/** `submit <workspace> <requests.jsonl>…`: validates, splits, uploads and creates; never twice. */
export const submit = command(
  async (context, flags: SubmitFlags, root: string, ...files: readonly string[]): Promise<ExitCode> => {
    const client = await connectOrRefuse(context, flags)
    const workspace = await openWorkspace(resolve(context.currentDirectory, root), { create: true })
    const paths = files.map((file) => resolve(context.currentDirectory, file))
    const report = await withProgress(context, ({ onEvent }) =>
      submitRequests(workspace, paths, {
        ...reconcileOptions(context, flags, null),
        client,
        shouldSubmitAgain: flags.again,
        onEvent,
      }),
    )
    for (const prepared of report.prepared) context.process.stderr.write(`${preparedText(prepared)}\n`)
    writeReport(context, flags, workspace, report)
    return exitCodeOfReport(report)
  },
)

function preparedText({ index, requestsPath, requests, isKnown }: PreparedInput): string {
  const verb = requests === 1 ? 'is' : 'are'
  const made = isKnown ? `${verb} in this workspace already, as` : verb
  const again = isKnown ? '; nothing is sent twice (--again does)' : ''
  return `${countOf(requests, 'request')} of ${terminalText(requestsPath)} ${made} triple ${index}${again}.`
}
