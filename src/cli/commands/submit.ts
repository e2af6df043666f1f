import { resolve } from 'node:path'
import { submitRequests } from '../../engine/submit-requests.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { connectOrRefuse } from '../connect.js'
import type { ExitCode } from '../exit-codes.js'
import { reconcileOptions } from '../reconcile-options.js'
import { jsonLine } from '../render/json-lines.js'
import { submitJson, submitTexts } from '../render/submit-text.js'
import type { SubmitFlags } from '../server-routes.js'
import { withProgress } from '../with-progress.js'
import { exitCodeOfReport, writeReport } from '../write-report.js'

/** `submit <workspace> <requests.jsonl>…`: validates, leaves out what was sent, splits, uploads and creates. */
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
    const { stdout, stderr } = context.process
    for (const text of submitTexts(report)) stderr.write(`${text}\n`)
    const rows = submitJson(report)
    // Where no triple is to be sent, all is said.
    if (report.triples.length > 0 || report.isInterrupted)
      writeReport(context, flags, workspace, report, rows)
    else if (flags.json === true) for (const row of rows) stdout.write(jsonLine(row))
    return exitCodeOfReport(report)
  },
)
