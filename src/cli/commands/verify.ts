import { resolve } from 'node:path'
import { verifyWorkspace } from '../../engine/verify-workspace.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import type { Ending } from '../ending.js'
import { exitCodes } from '../exit-codes.js'
import { jsonLine, proofJson, proofOutcome } from '../render/json-lines.js'
import { proofSummary, proofTable } from '../render/proof-text.js'
import { styleFor } from '../render/style.js'
import { countedBy } from '../../engine/report-totals.js'
import type { LookFlags } from '../routes.js'
import { tableOptions } from '../table-options.js'
import { withProgress } from '../with-progress.js'

/** `verify <workspace>`: proves `done/` again, offline. */
export const verify = command(async (context, { json = false }: LookFlags, root: string): Promise<Ending> => {
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  const { stdout, stderr, env } = context.process
  const proofs = await withProgress(context, ({ onEvent }) =>
    verifyWorkspace(workspace, { signal: context.signal, onEvent }),
  )
  if (json) for (const proof of proofs) stdout.write(jsonLine(proofJson(proof)))
  else if (proofs.length > 0) stdout.write(proofTable(proofs, tableOptions(context)))
  stderr.write(proofSummary(proofs, styleFor(stderr, env)))
  return {
    exitCode: proofs.every(({ isProven }) => isProven) ? exitCodes.success : exitCodes.failed,
    totals: { triples: countedBy(proofs, proofOutcome) },
  }
})
