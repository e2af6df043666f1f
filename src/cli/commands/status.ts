import { resolve } from 'node:path'
import { workspaceStatus } from '../../engine/workspace-status.js'
import { isWorkedOn } from '../../workspace/hold-workspace.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import type { Ending } from '../ending.js'
import { exitCodeOfStandings, exitCodes, isAllUnused } from '../exit-codes.js'
import { failedLineageJson, jsonLine, statusJson } from '../render/json-lines.js'
import { doesNeedSomebody, statusSummary, statusTable } from '../render/status-text.js'
import { styleFor } from '../render/style.js'
import { totalsOfStatus } from '../../engine/report-totals.js'
import { restingText, stuckText, toldTriples, type ToldTriple } from '../render/stuck-text.js'
import { createTalk } from '../render/talk.js'
import type { LookFlags } from '../routes.js'
import { tableOptions } from '../table-options.js'
import { writeEach } from '../write-each.js'

/** `status <workspace>`: how every triple stands; changes nothing and needs no lock. */
export const status = command(async (context, { json = false }: LookFlags, root: string): Promise<Ending> => {
  const { stdout, stderr, env } = context.process
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  // Asked twice: a run that begins or ends in the meantime must not pass for an interrupted one.
  const wasAtWork = await isWorkedOn(workspace)
  const found = await workspaceStatus(workspace)
  const isAtWork = wasAtWork || (await isWorkedOn(workspace))
  const nowMs = context.clock.now()
  const told = (): Iterable<ToldTriple> =>
    toldTriples(found.triples, { isAtWork, nowMs, root: workspace.root })
  const style = styleFor(stderr, env)
  const talk = createTalk((text) => stderr.write(text), style)
  for (const warning of found.warnings) talk.warn(warning)
  talk.finish()
  if (json) {
    await writeEach(stdout, told(), (one) => jsonLine(statusJson(one)))
    await writeEach(stdout, found.failedForGood.lineages, (one) => jsonLine(failedLineageJson(one)))
  } else if (found.triples.length > 0) {
    await writeEach(stdout, statusTable(found.triples, nowMs, tableOptions(context)), (line) => line)
  }
  stderr.write(stuckText(told(), style) + restingText(told()) + statusSummary(found, workspace.root))
  return {
    exitCode: isAllUnused(found) ? exitCodes.failed : exitCodeOfStandings(troubled(told())),
    totals: totalsOfStatus(found),
  }
})

/** Those that wait for somebody count like the failed ones, so that whoever calls this from a timer hears of it. */
function* troubled(told: Iterable<ToldTriple>) {
  for (const { triple, story } of told) {
    if (doesNeedSomebody(triple) || story.stuck === 'overdue')
      yield { outcome: 'failed', problem: triple.problem } as const
  }
}
