import { resolve } from 'node:path'
import { reconciliationError } from '../errors.js'
import type { ReconciliationEvent, ReportEvent } from '../engine/events.js'
import type { WorkspaceReport } from '../engine/report.js'
import type { SignalOptions, Signals } from '../engine/signals/open-signals.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { CommandLineContext } from './context.js'
import { fetchThroughProxy } from './proxy.js'
import { terminalText } from './render/terminal-text.js'
import type { SignalFlags } from './signal-flags.js'

/** On a command line everybody on the machine sees it. */
const secretVariable = 'BATCH_RECONCILER_WEBHOOK_SECRET'

/**
 * Does the work, and tells others what it comes to where flags ask for that. `finish` prints the report; signals that are
 * still on their way are waited for after it.
 *
 * @throws WrongUsage before the work begins when address, secret or command cannot be used
 */
export async function withSignals(
  context: CommandLineContext,
  flags: SignalFlags,
  workspace: BatchWorkspace,
  work: (onEvent: ReportEvent | null) => Promise<WorkspaceReport>,
  finish: (report: WorkspaceReport) => Promise<void>,
): Promise<WorkspaceReport> {
  const listeners = await listenersOf(context, flags, workspace)
  const onEvent = (event: ReconciliationEvent): void => listeners.forEach((each) => each.onEvent(event))
  let report: WorkspaceReport | null = null
  try {
    report = await work(listeners.length === 0 ? null : onEvent)
    await finish(report)
    return report
  } finally {
    await Promise.all(listeners.map((each) => each.close(report)))
  }
}

async function listenersOf(
  context: CommandLineContext,
  flags: SignalFlags,
  workspace: BatchWorkspace,
): Promise<readonly Signals[]> {
  const { clock } = context
  const onWarning = warnOn(context)
  const listeners: Signals[] = []
  const options = await signalOptions(context, flags)
  if (options !== null) {
    const { openSignals } = await import('../engine/signals/open-signals.js')
    listeners.push(await openSignals(workspace, { ...options, onWarning }))
  }
  if (flags.telemetry === true) {
    const { openTelemetry } = await import('../engine/telemetry/open-telemetry.js')
    listeners.push(await openTelemetry(workspace, { clock, onWarning }))
  }
  return listeners
}

const warnOn =
  ({ process: { stderr } }: CommandLineContext) =>
  (text: string): void =>
    stderr.write(`! ${terminalText(text)}\n`)

async function signalOptions(
  { process: { env }, clock, signal, currentDirectory }: CommandLineContext,
  { webhook, onSettled, metricsFile }: SignalFlags,
): Promise<SignalOptions | null> {
  if (webhook === undefined && onSettled === undefined && metricsFile === undefined) return null
  const through = webhook === undefined ? null : await fetchThroughProxy(env)
  return {
    webhook: webhook === undefined ? undefined : { url: webhook, secret: secretIn(env) },
    settledCommand: onSettled,
    metricsFile: metricsFile === undefined ? undefined : resolve(currentDirectory, metricsFile),
    fetch: through ?? undefined,
    signal,
    clock,
  }
}

function secretIn(env: CommandLineContext['process']['env']): string {
  const secret = (env[secretVariable] ?? '').trim()
  if (secret !== '') return secret
  throw reconciliationError({
    code: 'WrongUsage',
    message: `The environment variable ${secretVariable} is not set; the signals of --webhook are signed with it.`,
    hint: `Make a key, and give it to the receiver as well: export ${secretVariable}="$(openssl rand -base64 32)"`,
  })
}
