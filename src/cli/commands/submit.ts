import { resolve } from 'node:path'
import { submitRequests } from '../../engine/submit-requests.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { connectOrRefuse } from '../connect.js'
import type { Ending } from '../ending.js'
import { reconcileOptions } from '../reconcile-options.js'
import { jsonLine } from '../render/json-lines.js'
import { submitJson, submitTexts } from '../render/submit-text.js'
import type { SubmitFlags } from '../server-routes.js'
import { serverOf } from '../sending-flags.js'
import { withProgress } from '../with-progress.js'
import { endingOfReport, writeReport } from '../write-report.js'

/** `submit <workspace> <requests.jsonl>…`: validates, leaves out what was sent, splits, uploads and creates. */
export const submit = command(
  async (context, flags: SubmitFlags, root: string, ...files: readonly string[]): Promise<Ending> => {
    const paths = files.map((file) => resolve(context.currentDirectory, file))
    if (flags.estimate === true) {
      const { estimateSubmission } = await import('../estimate-files.js')
      return estimateSubmission(context, flags, root, paths)
    }
    const server = await serverOf(context, await connectOrRefuse(context, flags), flags)
    const workspace = await openWorkspace(resolve(context.currentDirectory, root), { create: true })
    const report = await withProgress(context, ({ onEvent }) =>
      submitRequests(workspace, paths, {
        ...reconcileOptions(context, flags, null),
        ...server,
        shouldSubmitAgain: flags.again,
        onEvent,
      }),
    )
    const { stdout, stderr } = context.process
    for (const text of submitTexts(report)) stderr.write(`${text}\n`)
    const rows = submitJson(report)
    // Where no triple is to be sent, all is said.
    if (report.triples.length > 0 || report.isInterrupted)
      await writeReport(context, flags, workspace, report, rows)
    else if (flags.json === true) for (const row of rows) stdout.write(jsonLine(row))
    return endingOfReport(report)
  },
)
