import { resolve } from 'node:path'
import { workspaceStatus } from '../../engine/workspace-status.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { jsonLine, statusJson } from '../render/json-lines.js'
import { doesNeedSomebody, statusSummary, statusTable } from '../render/status-text.js'
import { styleFor } from '../render/style.js'
import { createTalk } from '../render/talk.js'
import type { LookFlags } from '../routes.js'
import { tableOptions } from '../table-options.js'

/** `status <workspace>`: how every triple stands; changes nothing and needs no lock. */
export const status = command(
  async (context, { json = false }: LookFlags, root: string): Promise<ExitCode> => {
    const { stdout, stderr, env } = context.process
    const found = await workspaceStatus(await openWorkspace(resolve(context.currentDirectory, root)))
    const talk = createTalk((text) => stderr.write(text), styleFor(stderr, env))
    for (const warning of found.warnings) talk.warn(warning)
    talk.finish()
    if (json) for (const triple of found.triples) stdout.write(jsonLine(statusJson(triple)))
    else if (found.triples.length > 0) {
      stdout.write(statusTable(found.triples, context.clock.now(), tableOptions(context)))
    }
    stderr.write(statusSummary(found))
    return found.triples.some(doesNeedSomebody) ? exitCodes.failed : exitCodes.success
  },
)
