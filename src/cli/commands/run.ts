import { resolve } from 'node:path'
import { reconcileWorkspace } from '../../engine/reconcile-workspace.js'
import type { ReconcileWorkspaceOptions } from '../../engine/options.js'
import type { WorkspaceReport } from '../../engine/report.js'
import { openWorkspace, type BatchWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import type { CommandLineContext } from '../context.js'
import { exitCodeOfOutcomes, exitCodes, type ExitCode } from '../exit-codes.js'
import { loadProcessor, type LoadedProcessor } from '../load-processor.js'
import { jsonLine, reportJson } from '../render/json-lines.js'
import { outcomeTable } from '../render/outcome-table.js'
import { runSummary } from '../render/run-summary.js'
import { styleFor } from '../render/style.js'
import type { LookFlags, RunFlags } from '../routes.js'
import { tableOptions } from '../table-options.js'
import { withProgress } from '../with-progress.js'

/** `run <workspace>`: one pass over everything. */
export const run = command(async (context, flags: RunFlags, root: string): Promise<ExitCode> => {
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  const loaded = await processorOf(context, flags)
  const report = await withProgress(context, ({ onEvent, talk }) => {
    for (const name of loaded?.unusedExports ?? []) talk.warn(unusedExport(name))
    return reconcileWorkspace(workspace, { ...reconcileOptions(context, flags, loaded), onEvent })
  })
  writeReport(context, flags, workspace, report)
  return exitCodeOfReport(report)
})

/** Prints a pass: rows to stdout, words to stderr. */
export function writeReport(
  context: CommandLineContext,
  { json = false }: LookFlags,
  workspace: BatchWorkspace,
  report: WorkspaceReport,
): void {
  const { stdout, stderr, env } = context.process
  if (json) for (const triple of report.triples) stdout.write(jsonLine(reportJson(triple)))
  else if (report.triples.length > 0) stdout.write(outcomeTable(report.triples, tableOptions(context)))
  stderr.write(runSummary(report, workspace.root, styleFor(stderr, env)))
}

function exitCodeOfReport({ triples, isInterrupted }: WorkspaceReport): ExitCode {
  return isInterrupted
    ? exitCodes.interrupted
    : exitCodeOfOutcomes(triples.map(({ outcome }) => outcome.type))
}

async function processorOf(
  { currentDirectory }: CommandLineContext,
  { processor }: RunFlags,
): Promise<LoadedProcessor | null> {
  return processor === undefined ? null : loadProcessor(resolve(currentDirectory, processor))
}

function reconcileOptions(
  { clock, signal }: CommandLineContext,
  flags: RunFlags,
  loaded: LoadedProcessor | null,
): ReconcileWorkspaceOptions {
  return {
    ...loaded?.processor,
    concurrency: flags.concurrency,
    expectedContentType: flags.contentType,
    maxAttempts: flags.maxAttempts,
    repairJson: flags.repairJson,
    clock,
    signal,
  }
}

function unusedExport(name: string): string {
  return `The processor exports '${name}', which nobody calls; known are processOutput, processErrors, schema and shouldRetry.`
}
