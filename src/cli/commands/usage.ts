import { resolve } from 'node:path'
import { readPriceList } from '../../accounting/usage/price-list.js'
import { workspaceUsage } from '../../engine/workspace-usage.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { jsonLine } from '../render/json-lines.js'
import { styleFor } from '../render/style.js'
import { usageJson, usageRows, usageSummary, usageTable } from '../render/usage-text.js'
import { tableOptions } from '../table-options.js'
import type { UsageFlags } from '../usage-route.js'
import { withProgress } from '../with-progress.js'
import { writeEach } from '../write-each.js'

/** `usage <workspace>`: the tokens of all answers, and what they cost by a person's own prices. */
export const usage = command(
  async (context, { json = false, prices, by }: UsageFlags, root: string): Promise<ExitCode> => {
    const { stdout, stderr, env } = context.process
    const list = prices === undefined ? null : await readPriceList(resolve(context.currentDirectory, prices))
    const workspace = await openWorkspace(resolve(context.currentDirectory, root))
    const found = await withProgress(context, ({ onEvent }) =>
      workspaceUsage(workspace, { signal: context.signal, onEvent }),
    )
    const rows = usageRows(found, by, list)
    if (json) await writeEach(stdout, rows, (row) => jsonLine(usageJson(row, list)))
    else if (rows.length > 0)
      await writeEach(stdout, usageTable(rows, by, list, tableOptions(context)), (line) => line)
    stderr.write(usageSummary(found, list, styleFor(stderr, env)))
    return found.problems.length === 0 ? exitCodes.success : exitCodes.failed
  },
)
