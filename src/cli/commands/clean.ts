import { resolve } from 'node:path'
import { cleanServer } from '../../engine/clean/clean-server.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import type { CleanFlags } from '../clean-route.js'
import { command } from '../command.js'
import { connectOrRefuse } from '../connect.js'
import type { Ending } from '../ending.js'
import { exitCodeOfProblems } from '../exit-codes.js'
import { cleanJson, cleanSummary, cleanTable } from '../render/clean-text.js'
import { jsonLine } from '../render/json-lines.js'
import { styleFor } from '../render/style.js'
import { countedBy } from '../../engine/report-totals.js'
import { tableOptions } from '../table-options.js'
import { withProgress } from '../with-progress.js'
import { writeEach } from '../write-each.js'

/** `clean <workspace>`: deletes the files of finished triples at the server. */
export const clean = command(async (context, flags: CleanFlags, root: string): Promise<Ending> => {
  const client = await connectOrRefuse(context, flags)
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  const { clock, signal } = context
  const { stdout, stderr, env } = context.process
  const report = await withProgress(context, ({ onEvent }) =>
    cleanServer(workspace, {
      client,
      clock,
      signal,
      isDryRun: flags.dryRun,
      shouldCleanImported: flags.imported,
      onEvent,
    }),
  )
  const { triples } = report
  if (flags.json === true) await writeEach(stdout, triples, (triple) => jsonLine(cleanJson(triple)))
  else if (triples.length > 0)
    await writeEach(stdout, cleanTable(triples, tableOptions(context)), (line) => line)
  stderr.write(cleanSummary(report, styleFor(stderr, env)))
  return {
    exitCode: exitCodeOfProblems(triples),
    totals: { triples: countedBy(triples, ({ fate }) => fate) },
  }
})
