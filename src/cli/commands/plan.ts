import { resolve } from 'node:path'
import { readPriceList, type PriceList } from '../../accounting/usage/price-list.js'
import { planWorkspace } from '../../engine/plan-workspace.js'
import type { TriplePlan } from '../../engine/report.js'
import { unconfirmedOf } from '../../engine/unconfirmed-submission.js'
import { reconciliationError } from '../../errors.js'
import { countOf } from '../../units.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import type { CommandLineContext } from '../context.js'
import { command } from '../command.js'
import type { Ending } from '../ending.js'
import { exitCodeOfStandings, exitCodes, isAllUnused } from '../exit-codes.js'
import { estimateSummary, estimateTable } from '../render/estimate-text.js'
import { jsonLine, planJson } from '../render/json-lines.js'
import { planSummary, planText } from '../render/plan-text.js'
import { problemLines } from '../render/problem-lines.js'
import { unconfirmedLines } from '../render/unconfirmed-text.js'
import { styleFor } from '../render/style.js'
import { countedBy } from '../../engine/report-totals.js'
import type { PlanFlags } from '../routes.js'
import { tableOptions } from '../table-options.js'
import { withProgress } from '../with-progress.js'
import { writeEach } from '../write-each.js'

/** `plan <workspace>`: what a run would do; changes nothing. */
export const plan = command(async (context, flags: PlanFlags, root: string): Promise<Ending> => {
  const prices = await pricesOf(context, flags)
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  const { stdout, stderr, env } = context.process
  const { triples, warnings } = await withProgress(context, async ({ onEvent, talk }) => {
    const planned = await planWorkspace(workspace, {
      shouldCheckIds: flags.quick !== true,
      shouldEstimate: flags.estimate,
      prices: prices ?? undefined,
      signal: context.signal,
      onEvent,
    })
    for (const warning of planned.warnings) talk.warn(warning)
    return planned
  })
  const style = styleFor(stdout, env)
  await writeEach(stdout, triples, (triple) =>
    flags.json === true ? jsonLine(planJson(triple, prices)) : planText(triple, style),
  )
  const batches = triples.flatMap(({ index, estimate }) =>
    (estimate?.batches ?? []).map((batch) => ({ ...batch, of: index })),
  )
  if (flags.json !== true && batches.length > 0)
    await writeEach(stdout, estimateTable(batches, prices, tableOptions(context)), (line) => line)
  const problems = problemLines(triples, styleFor(stderr, env))
  const unconfirmedTriples = unconfirmedOf(triples)
  const unconfirmed = unconfirmedLines(unconfirmedTriples, triples, workspace.root)
  stderr.write(
    [
      ...problems,
      planSummary(triples, { isQuick: flags.quick === true, unused: warnings.length }),
      ...unconfirmed,
      ...(flags.estimate === true ? estimateLines(triples, prices) : []),
    ]
      .map((line) => `${line}\n`)
      .join(''),
  )
  return {
    exitCode: isAllUnused({ triples, warnings }) ? exitCodes.failed : exitCodeOfStandings(triples),
    totals: { triples: countedBy(triples, ({ outcome }) => outcome), unconfirmed: unconfirmedTriples.length },
  }
})

async function pricesOf(
  { currentDirectory }: CommandLineContext,
  { prices, estimate }: PlanFlags,
): Promise<PriceList | null> {
  if (prices === undefined) return null
  if (estimate === true) return readPriceList(resolve(currentDirectory, prices))
  throw reconciliationError({
    code: 'WrongUsage',
    message: '--prices tells what an estimate costs, and none was asked for.',
    hint: 'Add --estimate. What answers cost that are here already, `usage --prices` says.',
  })
}

function estimateLines(triples: readonly TriplePlan[], prices: PriceList | null): readonly string[] {
  const estimates = triples.flatMap(({ estimate }) => estimate ?? [])
  const batches = estimates.flatMap((one) => one.batches)
  const invalid = estimates.reduce((sum, one) => sum + one.invalid, 0)
  return [
    ...(batches.length === 0 ? ['Nothing to estimate: there is no input that was not submitted.'] : []),
    ...estimateSummary(batches, prices),
    ...(invalid === 0
      ? []
      : [`Not in it: ${countOf(invalid, 'line')} that servers would refuse; a submission says why.`]),
  ]
}
