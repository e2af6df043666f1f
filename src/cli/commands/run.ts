import { resolve } from 'node:path'
import { reconcileWorkspace } from '../../engine/reconcile-workspace.js'
import type { ReconcileWorkspaceOptions } from '../../engine/options.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { connect } from '../connect.js'
import type { ExitCode } from '../exit-codes.js'
import { processorOf, reconcileOptions } from '../reconcile-options.js'
import type { RunFlags } from '../routes.js'
import { watchWithInspector } from '../with-inspector.js'
import { withProgress } from '../with-progress.js'
import { exitCodeOfReport, writeReport } from '../write-report.js'

/** `run <workspace>`: one pass over everything. */
export const run = command(async (context, flags: RunFlags, root: string): Promise<ExitCode> => {
  const client = await connect(context, flags)
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  const loaded = await processorOf(context, flags)
  const report = await withProgress(context, (reporter) => {
    for (const name of loaded?.unusedExports ?? []) reporter.talk.warn(unusedExport(name))
    const options: ReconcileWorkspaceOptions = {
      ...reconcileOptions(context, flags, loaded),
      ...(client === null ? {} : { client }),
      shouldSubmit: flags.submit,
      onEvent: reporter.onEvent,
    }
    return flags.inspect === true
      ? watchWithInspector(context, flags, workspace, reporter, { ...options, shouldPoll: false })
      : reconcileWorkspace(workspace, options)
  })
  writeReport(context, flags, workspace, report)
  return exitCodeOfReport(report)
})

function unusedExport(name: string): string {
  return `The processor exports '${name}', which nobody calls; known are processOutput, processErrors, schema and shouldRetry.`
}
