import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import type { ReportEvent } from '../../engine/events.js'
import type { WorkspaceReport } from '../../engine/report.js'
import { watchWorkspace, type WatchOptions } from '../../engine/watch-workspace.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { connectOrRefuse } from '../connect.js'
import type { Ending } from '../ending.js'
import { processorOf, reconcileOptions } from '../reconcile-options.js'
import { styleFor } from '../render/style.js'
import type { WatchFlags } from '../server-routes.js'
import { stuckTeller } from '../tell-stuck.js'
import { watchWithInspector } from '../with-inspector.js'
import { serverOf } from '../sending-flags.js'
import { withProgress } from '../with-progress.js'
import { withSignals } from '../with-signals.js'
import { endingOfReport, writeReport } from '../write-report.js'

/** `watch <workspace>`: stays until every triple is settled. */
export const watch = command(async (context, flags: WatchFlags, root: string): Promise<Ending> => {
  const server = await serverOf(context, await connectOrRefuse(context, flags), flags)
  keepHeapSmall()
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  const loaded = await processorOf(context, flags)
  const work = (tell: ReportEvent | null): Promise<WorkspaceReport> =>
    withProgress(context, async (reporter) => {
      const { stderr, env } = context.process
      const style = styleFor(stderr, env)
      const tellStuck = await stuckTeller(workspace, { clock: context.clock, style, write: reporter.write })
      const options: WatchOptions = {
        ...reconcileOptions(context, flags, loaded),
        ...server,
        pollDelayMs: flags.pollSeconds === undefined ? undefined : flags.pollSeconds * 1_000,
        onEvent: (event) => {
          reporter.onEvent(event)
          tellStuck(event)
          tell?.(event)
        },
      }
      return flags.inspect === true
        ? watchWithInspector(context, flags, workspace, reporter, options)
        : watchWorkspace(workspace, options)
    })
  const report = await withSignals(context, flags, workspace, work, (found) =>
    writeReport(context, flags, workspace, found),
  )
  return endingOfReport(report)
})

/**
 * Left alone V8 lets the old generation grow to several times what lives in it before it looks there: 100,000 waiting
 * triples peaked at 780 MB and more, and do at 480. It costs a fifth of the CPU time of commands that keep much and end
 * soon, so it is for those that stay.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=30')
}
