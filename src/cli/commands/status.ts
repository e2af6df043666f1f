import { resolve } from 'node:path'
import { workspaceStatus } from '../../engine/workspace-status.js'
import { isWorkedOn } from '../../workspace/hold-workspace.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { failedLineageJson, jsonLine, statusJson } from '../render/json-lines.js'
import { doesNeedSomebody, statusSummary, statusTable } from '../render/status-text.js'
import { styleFor } from '../render/style.js'
import { stuckText, toldTriples, type ToldTriple } from '../render/stuck-text.js'
import { createTalk } from '../render/talk.js'
import type { LookFlags } from '../routes.js'
import { tableOptions } from '../table-options.js'
import { writeEach } from '../write-each.js'

/** `status <workspace>`: how every triple stands; changes nothing and needs no lock. */
export const status = command(
  async (context, { json = false }: LookFlags, root: string): Promise<ExitCode> => {
    const { stdout, stderr, env } = context.process
    const workspace = await openWorkspace(resolve(context.currentDirectory, root))
    // Asked twice: a run that begins or ends in the meantime must not pass for an interrupted one.
    const wasAtWork = await isWorkedOn(workspace)
    const found = await workspaceStatus(workspace)
    const isAtWork = wasAtWork || (await isWorkedOn(workspace))
    const nowMs = context.clock.now()
    const told = (): Iterable<ToldTriple> => toldTriples(found.triples, isAtWork, nowMs)
    const style = styleFor(stderr, env)
    const talk = createTalk((text) => stderr.write(text), style)
    for (const warning of found.warnings) talk.warn(warning)
    talk.finish()
    if (json) {
      writeEach(stdout, told(), (one) => jsonLine(statusJson(one)))
      writeEach(stdout, found.failedForGood.lineages, (one) => jsonLine(failedLineageJson(one)))
    } else if (found.triples.length > 0) {
      writeEach(stdout, statusTable(found.triples, nowMs, tableOptions(context)), (line) => line)
    }
    stderr.write(stuckText(told(), style) + statusSummary(found, workspace.root))
    return found.triples.some(doesNeedSomebody) ? exitCodes.failed : exitCodes.success
  },
)
