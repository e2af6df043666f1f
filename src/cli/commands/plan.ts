import { resolve } from 'node:path'
import { planWorkspace } from '../../engine/plan-workspace.js'
import { unconfirmedOf } from '../../engine/unconfirmed-submission.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { exitCodeOfOutcomes, type ExitCode } from '../exit-codes.js'
import { jsonLine, planJson } from '../render/json-lines.js'
import { planSummary, planText } from '../render/plan-text.js'
import { problemLines } from '../render/run-summary.js'
import { unconfirmedLines } from '../render/unconfirmed-text.js'
import { styleFor } from '../render/style.js'
import type { PlanFlags } from '../routes.js'
import { withProgress } from '../with-progress.js'
import { writeEach } from '../write-each.js'

/** `plan <workspace>`: what a run would do; changes nothing. */
export const plan = command(async (context, flags: PlanFlags, root: string): Promise<ExitCode> => {
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  const { stdout, stderr, env } = context.process
  const { triples } = await withProgress(context, async ({ onEvent, talk }) => {
    const planned = await planWorkspace(workspace, {
      shouldCheckIds: flags.quick !== true,
      signal: context.signal,
      onEvent,
    })
    for (const warning of planned.warnings) talk.warn(warning)
    return planned
  })
  const style = styleFor(stdout, env)
  writeEach(stdout, triples, (triple) =>
    flags.json === true ? jsonLine(planJson(triple)) : planText(triple, style),
  )
  const problems = problemLines(triples, styleFor(stderr, env))
  const unconfirmed = unconfirmedLines(unconfirmedOf(triples), workspace.root)
  stderr.write(
    [...problems, planSummary(triples, flags.quick === true), ...unconfirmed]
      .map((line) => `${line}\n`)
      .join(''),
  )
  return exitCodeOfOutcomes(triples.map(({ outcome }) => outcome))
})
