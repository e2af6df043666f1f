import { spawn, type ChildProcess } from 'node:child_process'
import { resolve } from 'node:path'
import { openWorkspace } from '../workspace/open-workspace.js'
import { checkStorage } from '../workspace/storage-check/check-storage.js'
import { usualLeaseMs } from '../workspace/workers/usual-lease.js'
import type { CommandLineContext } from './context.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import { jsonLine } from './render/json-lines.js'
import { findingJson, findingsSummary, findingsTable } from './render/storage-text.js'
import { styleFor } from './render/style.js'
import { tableOptions } from './table-options.js'
import type { WorkFlags } from './work-route.js'

/** For somebody who walks to the other host. */
const waitForHostMs = 10 * 60_000
const waitForProcessMs = 30_000

/** `work --check-storage <workspace>`: whether the storage keeps what workers rely on. Needs no Redis and no server. */
export async function tryStorage(
  context: CommandLineContext,
  flags: WorkFlags,
  root: string,
): Promise<ExitCode> {
  const { stdout, stderr, env } = context.process
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  const isWaitingForHost = flags.twoHosts === true
  const second: { process?: ChildProcess } = {}
  const { role, otherHost, findings } = await checkStorage(workspace, {
    signal: context.signal,
    leaseMs: flags.leaseSeconds === undefined ? usualLeaseMs : flags.leaseSeconds * 1_000,
    waitMs: isWaitingForHost ? waitForHostMs : waitForProcessMs,
    onOpen() {
      if (isWaitingForHost) stderr.write('Waiting for the same command on another host.\n')
      else second.process = startSecond(workspace.root)
    },
  }).finally(() => second.process?.kill())
  if (role === 'follower') {
    stderr.write(`Done; ${otherHost} tells what was found.\n`)
    return exitCodes.success
  }
  if (flags.json === true) for (const each of findings) stdout.write(jsonLine(findingJson(each)))
  else stdout.write(findingsTable(findings, tableOptions(context)))
  stderr.write(findingsSummary(findings, otherHost, styleFor(stderr, env)))
  return findings.every(({ isKept }) => isKept) ? exitCodes.success : exitCodes.failed
}

/** The same program on the same folder, which finds somebody there and follows. */
function startSecond(root: string): ChildProcess {
  const program = process.argv[1] ?? ''
  const inputs = ['work', root, '--check-storage', '--two-hosts']
  const second = spawn(process.execPath, [program, ...inputs], { stdio: 'ignore' })
  // One that does not start is missed by the check, which says so.
  second.on('error', () => {})
  return second
}
