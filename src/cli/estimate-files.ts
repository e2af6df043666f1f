import { resolve } from 'node:path'
import { readPriceList } from '../accounting/usage/price-list.js'
import { estimateFiles, type RequestsEstimate } from '../engine/estimate-requests.js'
import { isBatchReconciliationError } from '../errors.js'
import { openAiQuirks, quirksOf } from '../providers/openai/quirks.js'
import { countOf } from '../units.js'
import { nodeFileSystem } from '../workspace/node-file-system.js'
import { openWorkspace, type BatchWorkspace } from '../workspace/open-workspace.js'
import type { CommandLineContext } from './context.js'
import { exitCodes } from './exit-codes.js'
import type { Ending } from './ending.js'
import { estimateJson } from './render/estimate-json.js'
import { estimateSummary, estimateTable, ofFile } from './render/estimate-text.js'
import { jsonLine } from './render/json-lines.js'
import { limitsOf } from './sending-flags.js'
import type { SubmitFlags } from './server-routes.js'
import { tableOptions } from './table-options.js'
import { withProgress } from './with-progress.js'
import { writeEach } from './write-each.js'

/** `submit --estimate`: what the files would take. Needs no key, and makes no workspace. */
export async function estimateSubmission(
  context: CommandLineContext,
  flags: SubmitFlags,
  root: string,
  paths: readonly string[],
): Promise<Ending> {
  const { currentDirectory, signal } = context
  const prices =
    flags.prices === undefined ? null : await readPriceList(resolve(currentDirectory, flags.prices))
  const workspace = await workspaceIfThere(resolve(currentDirectory, root))
  const url = flags.baseUrl ?? context.process.env['OPENAI_BASE_URL']
  const limits = { ...(url === undefined ? openAiQuirks : quirksOf(url)), ...limitsOf(flags) }
  const isAgain = flags.again === true
  const estimate = await withProgress(context, ({ talk }) =>
    estimateFiles(
      {
        fileSystem: workspace?.fileSystem ?? nodeFileSystem,
        workspace,
        limits,
        isAgain,
        signal,
        prices: prices ?? undefined,
        warn: (message) => talk.warn(message),
      },
      paths,
    ),
  )
  const { stdout, stderr } = context.process
  const { batches } = estimate
  if (flags.json === true) await writeEach(stdout, batches, (batch) => jsonLine(estimateJson(batch, prices)))
  else if (batches.length > 0)
    await writeEach(stdout, estimateTable(batches.map(ofFile), prices, tableOptions(context)), (line) => line)
  const lines = [
    ...leftOutLines(estimate),
    ...estimateSummary(batches, prices),
    'Nothing was written or sent.',
  ]
  stderr.write(lines.map((line) => `${line}\n`).join(''))
  return { exitCode: exitCodes.success, totals: {} }
}

function leftOutLines({ leftOut, batches }: RequestsEstimate): readonly string[] {
  if (leftOut === 0) return []
  const verbs = leftOut === 1 ? ['was', 'stands'] : ['were', 'stand']
  const start = batches.length === 0 ? 'Nothing new to send' : 'Left out'
  return [
    `${start}: ${countOf(leftOut, 'request')} that ${verbs[0]} sent before, or ${verbs[1]} in two of the files.`,
  ]
}

async function workspaceIfThere(root: string): Promise<BatchWorkspace | null> {
  try {
    return await openWorkspace(root)
  } catch (error) {
    if (isBatchReconciliationError(error) && error.code === 'WorkspaceNotFound') return null
    throw error
  }
}
