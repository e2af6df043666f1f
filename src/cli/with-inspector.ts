import type { WatchOptions } from '../engine/watch-workspace.js'
import { watchWorkspace } from '../engine/watch-workspace.js'
import type { ReconciliationEvent } from '../engine/events.js'
import type { WorkspaceReport } from '../engine/report.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { CommandLineContext } from './context.js'
import type { InspectorFlags } from './inspector-flags.js'
import { runSummary } from './render/run-summary.js'
import { styleFor } from './render/style.js'
import type { Reporter } from './with-progress.js'

/**
 * Runs with the inspector's page open. When every triple rests it says how they stand, and stays: a button of the
 * page wakes one again. Ends with the signal of the options.
 */
export async function watchWithInspector(
  context: CommandLineContext,
  { inspectPort }: InspectorFlags,
  workspace: BatchWorkspace,
  { write }: Reporter,
  options: WatchOptions,
): Promise<WorkspaceReport> {
  // Loaded when it is wanted: the page and its WebSockets take their time.
  const { inspectLive } = await import('../inspect/open-inspector.js')
  const inspector = await inspectLive(workspace, { port: inspectPort, clock: context.clock })
  let hasRested = false
  const tellRest = (event: ReconciliationEvent): void => {
    options.onEvent?.(event)
    if (event.type !== 'watch.resting') return
    // The table at the end tells of what a button changed.
    write(
      hasRested ? 'Every triple rests again.\n' : restText(context, workspace, event.report, inspector.url),
    )
    hasRested = true
  }
  write(`Inspector: ${inspector.url}\n`)
  try {
    const run = inspector.attach({ ...options, onEvent: tellRest, shouldStay: true })
    return await watchWorkspace(workspace, run)
  } finally {
    await inspector.close()
  }
}

function restText(
  { process: { stderr, env } }: CommandLineContext,
  { root }: BatchWorkspace,
  report: WorkspaceReport,
  url: string,
): string {
  const summary = runSummary(report, root, styleFor(stderr, env))
  return `${summary}Every triple rests. The inspector stays open until Ctrl-C: ${url}\n`
}
