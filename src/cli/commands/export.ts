import { resolve } from 'node:path'
import { exportResults } from '../../engine/export/export-results.js'
import type { ExportReport } from '../../engine/export/write-export.js'
import { fieldForm, parseField } from '../../engine/export/fields.js'
import { reconciliationError } from '../../errors.js'
import { openWorkspace, type BatchWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import type { CommandLineContext } from '../context.js'
import { exitCodeOfError, exitCodes, type ExitCode } from '../exit-codes.js'
import type { ExportFlags } from '../export-route.js'
import { exportJson, exportSummary } from '../render/export-text.js'
import { jsonLine } from '../render/json-lines.js'
import { createTalk } from '../render/talk.js'
import { styleFor } from '../render/style.js'
import { withProgress } from '../with-progress.js'

/** `export <workspace>`: writes the results of all triples as one table. */
export const exportTable = command(async (context, flags: ExportFlags, root: string): Promise<ExitCode> => {
  const { stdout, stderr, env } = context.process
  requireFields(flags.field ?? [])
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  const report = await writeTable(context, flags, workspace)
  if (report === null) {
    stderr.write('Stopped; nothing was written.\n')
    return exitCodes.interrupted
  }
  const talk = createTalk((text) => stderr.write(text), styleFor(stderr, env))
  for (const warning of report.warnings) talk.warn(warning)
  talk.finish()
  if (flags.json === true) stdout.write(jsonLine(exportJson(report)))
  stderr.write(exportSummary(report, flags))
  return report.leftOut === 0 ? exitCodes.success : exitCodes.failed
})

/** `null` when somebody stopped it. */
async function writeTable(
  context: CommandLineContext,
  flags: ExportFlags,
  workspace: BatchWorkspace,
): Promise<ExportReport | null> {
  const { currentDirectory, signal } = context
  try {
    return await withProgress(context, ({ onEvent }) =>
      exportResults(workspace, resolve(currentDirectory, flags.out), {
        format: flags.format,
        fields: flags.field,
        shouldJoinRequests: flags.withRequest,
        shouldSkipPending: flags.skipPending,
        shouldOverwrite: flags.overwrite,
        isForSpreadsheet: flags.spreadsheet,
        signal,
        onEvent,
      }),
    )
  } catch (error) {
    if (exitCodeOfError(error, signal) === exitCodes.interrupted) return null
    throw error
  }
}

function requireFields(fields: readonly string[]): void {
  const wrong = fields.find((text) => parseField(text) === null)
  if (wrong === undefined) return
  throw reconciliationError({
    code: 'WrongUsage',
    message: `--field '${wrong.slice(0, 200)}' cannot be read; ${fieldForm} was expected.`,
    hint: 'Such as --field year:integer, or --field town=address.city. Nothing was touched.',
  })
}
