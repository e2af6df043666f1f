import { didAllFailForGood } from '../accounting/results/lineage-rows.js'
import { lineagesOf } from '../engine/lineage-report.js'
import type { WorkspaceReport } from '../engine/report.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { CommandLineContext } from './context.js'
import type { Ending } from './ending.js'
import { exitCodeOfStandings, exitCodes, isAllUnused, type ExitCode } from './exit-codes.js'
import { jsonLine, reportJson } from './render/json-lines.js'
import { outcomeTable } from './render/outcome-table.js'
import { runSummary } from './render/run-summary.js'
import { styleFor } from './render/style.js'
import { totalsOfReport } from '../engine/report-totals.js'
import type { LookFlags } from './routes.js'
import { tableOptions } from './table-options.js'
import { writeEach } from './write-each.js'

/** Prints a pass: rows to stdout, words to stderr. `rows` are those of `--json`, the triples unless given. */
export async function writeReport(
  context: CommandLineContext,
  { json = false }: LookFlags,
  workspace: BatchWorkspace,
  report: WorkspaceReport,
  rows?: readonly object[],
): Promise<void> {
  const { stdout, stderr, env } = context.process
  if (json && rows !== undefined) await writeEach(stdout, rows, jsonLine)
  else if (json) await writeEach(stdout, report.triples, (triple) => jsonLine(reportJson(triple)))
  else if (report.triples.length > 0) {
    await writeEach(stdout, outcomeTable(report.triples, tableOptions(context)), (line) => line)
  }
  stderr.write(runSummary(report, workspace.root, styleFor(stderr, env)))
}

/** How a command ended whose work is this pass. */
export function endingOfReport(report: WorkspaceReport): Ending {
  return { exitCode: exitCodeOfReport(report), totals: totalsOfReport(report) }
}

/**
 * A lineage that came to its end without one good answer counts like a triple that failed; so do files that nobody uses,
 * where there is nothing else.
 */
function exitCodeOfReport(report: WorkspaceReport): ExitCode {
  const { triples, isInterrupted } = report
  if (isInterrupted) return exitCodes.interrupted
  if (isAllUnused(report)) return exitCodes.failed
  return lineagesOf(triples).some(didAllFailForGood)
    ? exitCodes.failed
    : exitCodeOfStandings(triples.map(({ outcome, problem }) => ({ outcome: outcome.type, problem })))
}
