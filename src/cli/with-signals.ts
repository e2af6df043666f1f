import { resolve } from 'node:path'
import { reconciliationError } from '../errors.js'
import type { ReconciliationEvent, ReportEvent } from '../engine/events.js'
import type { WorkspaceReport } from '../engine/report.js'
import type { SignalOptions } from '../engine/signals/senders.js'
import type { WorkerSignals } from '../engine/signals/worker-signals.js'
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
  const options = await signalOptions(context, flags)
  const signals = options === null ? null : await (await loadSignals()).openSignals(workspace, options)
  return withTelemetry(context, flags, { workspace, isShared: false }, async (telemetry) => {
    const onEvent = (event: ReconciliationEvent): void => {
      signals?.onEvent(event)
      telemetry?.(event)
    }
    let report: WorkspaceReport | null = null
    try {
      report = await work(signals === null && telemetry === null ? null : onEvent)
      await finish(report)
      return report
    } finally {
      await signals?.close(report)
    }
  })
}

/** The same for one of several workers. */
export async function withWorkerSignals<Result>(
  context: CommandLineContext,
  flags: SignalFlags,
  workspace: BatchWorkspace,
  work: (signals: WorkerSignals | null, onEvent: ReportEvent | null) => Promise<Result>,
): Promise<Result> {
  const options = await signalOptions(context, flags)
  const signals =
    options === null ? null : await (await loadWorkerSignals()).openWorkerSignals(workspace, options)
  return withTelemetry(context, flags, { workspace, isShared: true }, async (telemetry) => {
    try {
      return await work(signals, telemetry)
    } finally {
      await signals?.close()
    }
  })
}

const loadSignals = () => import('../engine/signals/open-signals.js')
const loadWorkerSignals = () => import('../engine/signals/worker-signals.js')

async function withTelemetry<Result>(
  context: CommandLineContext,
  { telemetry: isWanted = false }: SignalFlags,
  { workspace, isShared }: { readonly workspace: BatchWorkspace; readonly isShared: boolean },
  work: (onEvent: ReportEvent | null) => Promise<Result>,
): Promise<Result> {
  if (!isWanted) return work(null)
  const { clock } = context
  const { openTelemetry } = await import('../engine/telemetry/open-telemetry.js')
  const telemetry = await openTelemetry(workspace, { clock, onWarning: warnOn(context), isShared })
  try {
    return await work(telemetry.onEvent)
  } finally {
    await telemetry.close()
  }
}

const warnOn =
  ({ process: { stderr } }: CommandLineContext) =>
  (text: string): void =>
    stderr.write(`! ${terminalText(text)}\n`)

async function signalOptions(
  context: CommandLineContext,
  { webhook, onSettled, metricsFile }: SignalFlags,
): Promise<SignalOptions | null> {
  const { process, clock, signal, currentDirectory } = context
  const { env } = process
  if (webhook === undefined && onSettled === undefined && metricsFile === undefined) return null
  const through = webhook === undefined ? null : await fetchThroughProxy(env)
  return {
    webhook: webhook === undefined ? undefined : { url: webhook, secret: secretIn(env) },
    settledCommand: onSettled,
    metricsFile: metricsFile === undefined ? undefined : resolve(currentDirectory, metricsFile),
    fetch: through ?? undefined,
    onWarning: warnOn(context),
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
