import { importBatches } from '../../engine/import/import-batches.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { connectOrRefuse } from '../connect.js'
import type { CommandLineContext } from '../context.js'
import type { Ending } from '../ending.js'
import { exitCodeOfProblems } from '../exit-codes.js'
import type { ImportFlags } from '../import-route.js'
import {
  importedBatchJson,
  importedBatchesSummary,
  importedBatchTable,
} from '../render/imported-batches-text.js'
import { jsonLine } from '../render/json-lines.js'
import { styleFor } from '../render/style.js'
import { tableOptions } from '../table-options.js'
import { withProgress } from '../with-progress.js'
import { writeEach } from '../write-each.js'

/** `import --batch <id>… <workspace>`: brings in batches that the server knows. */
export async function importFromServer(
  context: CommandLineContext,
  { json = false, dryRun, batch = [], ...flags }: ImportFlags,
  openWorkspace: () => Promise<BatchWorkspace>,
): Promise<Ending> {
  const client = await connectOrRefuse(context, flags)
  const workspace = await openWorkspace()
  const { clock, signal } = context
  const { stdout, stderr, env } = context.process
  const found = await withProgress(context, ({ onEvent }) =>
    importBatches(workspace, batch, { client, clock, signal, isDryRun: dryRun, onEvent }),
  )
  if (json) await writeEach(stdout, found.batches, (one) => jsonLine(importedBatchJson(one)))
  else await writeEach(stdout, importedBatchTable(found.batches, tableOptions(context)), (line) => line)
  stderr.write(importedBatchesSummary(found, workspace.root, styleFor(stderr, env)))
  return { exitCode: exitCodeOfProblems(found.batches), totals: {} }
}
