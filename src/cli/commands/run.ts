import { resolve } from 'node:path'
import { reconcileWorkspace } from '../../engine/reconcile-workspace.js'
import type { ReportEvent } from '../../engine/events.js'
import type { ReconcileWorkspaceOptions } from '../../engine/options.js'
import type { WorkspaceReport } from '../../engine/report.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { connect } from '../connect.js'
import type { Ending } from '../ending.js'
import { processorOf, reconcileOptions } from '../reconcile-options.js'
import type { RunFlags } from '../routes.js'
import { watchWithInspector } from '../with-inspector.js'
import { serverOf } from '../sending-flags.js'
import { withProgress } from '../with-progress.js'
import { withSignals } from '../with-signals.js'
import { endingOfReport, writeReport } from '../write-report.js'
import { enlargeYoungGenerationOnce } from '../young-generation.js'

/** `run <workspace>`: one pass over everything. */
export const run = command(async (context, flags: RunFlags, root: string): Promise<Ending> => {
  enlargeYoungGenerationOnce()
  const server = await serverOf(context, await connect(context, flags), flags)
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  const loaded = await processorOf(context, flags)
  const work = (tell: ReportEvent | null): Promise<WorkspaceReport> =>
    withProgress(context, (reporter) => {
      for (const name of loaded?.unusedExports ?? []) reporter.talk.warn(unusedExport(name))
      const options: ReconcileWorkspaceOptions = {
        ...reconcileOptions(context, flags, loaded),
        ...server,
        shouldSubmit: flags.submit,
        onEvent: (event) => {
          reporter.onEvent(event)
          tell?.(event)
        },
      }
      return flags.inspect === true
        ? watchWithInspector(context, flags, workspace, reporter, { ...options, shouldPoll: false })
        : reconcileWorkspace(workspace, options)
    })
  const report = await withSignals(context, flags, workspace, work, (found) =>
    writeReport(context, flags, workspace, found),
  )
  return endingOfReport(report)
})

function unusedExport(name: string): string {
  return `The processor exports '${name}', which nobody calls; known are processOutput, processErrors, schema and shouldRetry.`
}
