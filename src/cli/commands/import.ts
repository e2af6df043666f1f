import { basename, resolve } from 'node:path'
import { importFiles } from '../../engine/import/import-files.js'
import { reconciliationError } from '../../errors.js'
import { workspaceLayout } from '../../workspace/layout.js'
import { nodeFileSystem } from '../../workspace/node-file-system.js'
import { openWorkspace, type BatchWorkspace } from '../../workspace/open-workspace.js'
import { listOrNothing } from '../../workspace/scan.js'
import { shellWord } from '../../workspace/shell-word.js'
import { command } from '../command.js'
import type { CommandLineContext } from '../context.js'
import type { Ending } from '../ending.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import type { ImportFlags } from '../import-route.js'
import { importJson, importSummary, importTable } from '../render/import-text.js'
import { jsonLine } from '../render/json-lines.js'
import { styleFor } from '../render/style.js'
import { tableOptions } from '../table-options.js'
import { withProgress } from '../with-progress.js'
import { writeEach } from '../write-each.js'

/** `import <from…> <workspace>`: brings files of any names in, or with `--batch` what a server has. */
export const importCommand = command(
  async (context, flags: ImportFlags, ...paths: readonly string[]): Promise<ExitCode | Ending> => {
    const absolute = paths.map((path) => resolve(context.currentDirectory, path))
    requireFitting(flags, paths)
    const open = () => workspaceAt(absolute.at(-1) ?? '', flags.dryRun === true)
    if (flags.batch === undefined) return importFromDisk(context, flags, absolute.slice(0, -1), await open())
    const { importFromServer } = await import('./import-batches.js')
    return importFromServer(context, flags, open)
  },
)

async function importFromDisk(
  context: CommandLineContext,
  { json = false, dryRun, move }: ImportFlags,
  from: readonly string[],
  workspace: BatchWorkspace,
): Promise<ExitCode> {
  const { stdout, stderr, env } = context.process
  const found = await withProgress(context, ({ onEvent }) =>
    importFiles(workspace, from, { isDryRun: dryRun, shouldMove: move, signal: context.signal, onEvent }),
  )
  if (json) await writeEach(stdout, found.files, (file) => jsonLine(importJson(file)))
  else if (found.files.length > 0)
    await writeEach(stdout, importTable(found.files, tableOptions(context)), (line) => line)
  stderr.write(importSummary(found, workspace.root, styleFor(stderr, env)))
  return found.files.some(({ isMissed }) => isMissed) ? exitCodes.failed : exitCodes.success
}

/** Files come from the disk or from a server, not from both in one call. */
function requireFitting({ batch, move, baseUrl, apiKeyEnv }: ImportFlags, paths: readonly string[]): void {
  if (batch === undefined && (baseUrl ?? apiKeyEnv) !== undefined)
    throw unfit('--base-url and --api-key-env go with --batch.')
  if (batch === undefined && paths.length < 2)
    throw unfit(`1 path was given, and at least 2 were expected: what to bring in, and the workspace.`)
  if (batch !== undefined && paths.length > 1)
    throw unfit(`With --batch one path was expected, that of the workspace; ${paths.length} were given.`)
  if (batch !== undefined && move === true)
    throw unfit('--move removes files of yours; with --batch there are none.')
}

function unfit(message: string): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message,
    hint: 'batch-reconciler import <from…> <workspace>, or batch-reconciler import --batch <batch id> <workspace>. Nothing was touched.',
  })
}

/** A new folder becomes a workspace. A folder of loose files does not: somebody forgot to name the workspace. */
async function workspaceAt(root: string, isDryRun: boolean): Promise<BatchWorkspace> {
  const workspace = { root, layout: workspaceLayout(root), fileSystem: nodeFileSystem }
  const names = (await listOrNothing(workspace, root)).map(({ name }) => name)
  const isWorkspace = names.includes(basename(workspace.layout.workdir))
  if (!isWorkspace && names.some((name) => name.endsWith('.jsonl'))) throw holdsFiles(root)
  if (isDryRun && names.length === 0) return workspace
  return openWorkspace(root, { create: !isDryRun })
}

function holdsFiles(root: string): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message: `${root} holds files and is no workspace.`,
    hint: `The workspace comes last, and may be a new folder: batch-reconciler import ${shellWord(root)} my-batches. Nothing was touched.`,
    facts: { root },
  })
}
