import { join, resolve } from 'node:path'
import { reconcileWorkspace } from '../../engine/reconcile-workspace.js'
import type { ReconciliationEvent } from '../../engine/events.js'
import type { WorkspaceReport } from '../../engine/report.js'
import { everyKindOfTriple } from '../../testing/generate-workspace/every-kind.js'
import { generateWorkspace } from '../../testing/generate-workspace/generate-workspace.js'
import type { TripleRecipe } from '../../testing/generate-workspace/recipe.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import type { CommandLineContext } from '../context.js'
import { markDemoFolder, onlineFolder, openDemoFolder } from '../demo-folder.js'
import { runOnlineDemo } from '../demo-online.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { brokenOnPurpose, demoDifferences } from '../render/demo-text.js'
import { countOf } from '../../units.js'
import type { LookFlags } from '../routes.js'
import { withProgress } from '../with-progress.js'
import { writeReport } from '../write-report.js'

/** `demo [folder]`: reconciles a workspace of every kind of triple, then goes the whole way with a server. */
export const demo = command(async (context, flags: LookFlags, root: string): Promise<ExitCode> => {
  const { stderr } = context.process
  const workspace = await openDemoFolder(resolve(context.currentDirectory, root))
  const recipes = everyKindOfTriple()
  await markDemoFolder(workspace, indicesOf(recipes))
  stderr.write(`Making ${countOf(recipes.length, 'triple')} of batch files in ${workspace.root} …\n`)
  await generateWorkspace(workspace.root, { recipes })
  const report = await reconcileDemo(context, workspace, recipes)
  await writeReport(context, flags, workspace, report)
  if (report.isInterrupted) return exitCodes.interrupted
  const exitCode = compared(context, recipes, report)
  const onlineCode = await runOnlineDemo(context, flags, join(workspace.root, onlineFolder))
  return onlineCode === exitCodes.success ? exitCode : onlineCode
})

async function reconcileDemo(
  context: CommandLineContext,
  workspace: BatchWorkspace,
  recipes: readonly TripleRecipe[],
): Promise<WorkspaceReport> {
  const { clock, signal } = context
  const retries: string[] = []
  const noteRetry = (event: ReconciliationEvent): void => {
    if (event.type === 'retry.written') retries.push(event.retryIndex)
  }
  try {
    return await withProgress(context, ({ onEvent }) =>
      reconcileWorkspace(workspace, {
        clock,
        signal,
        onEvent: (event) => {
          noteRetry(event)
          onEvent(event)
        },
      }),
    )
  } finally {
    await markDemoFolder(workspace, [...indicesOf(recipes), ...retries])
  }
}

/** The demo breaks things on purpose: all is well when each triple ends as its recipe says. */
function compared(
  { process: { stderr } }: CommandLineContext,
  recipes: readonly TripleRecipe[],
  report: WorkspaceReport,
): ExitCode {
  const differences = demoDifferences(recipes, report.triples)
  stderr.write(`\n${brokenOnPurpose(recipes)}\n`)
  if (differences.length === 0) return exitCodes.success
  stderr.write(`${differences.join('\n')}\n`)
  return exitCodes.failed
}

const indicesOf = (recipes: readonly TripleRecipe[]): readonly string[] => recipes.map(({ index }) => index)
