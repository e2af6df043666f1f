import { resolve } from 'node:path'
import { systemClock, type Clock } from '../../clock.js'
import { reconciliationError } from '../../errors.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { ReconciliationEvent, ReportEvent } from '../events.js'
import { knownStandings, type KnownStandings } from '../known-standings.js'
import { neverThrowing } from '../never-throwing.js'
import { requireWorkspace } from '../require-workspace.js'
import type { WorkspaceReport } from '../report.js'
import { metricsFile, requireMetricsName, type MetricsFileOptions } from './metrics-file.js'
import { metricsText } from './metrics-text.js'
import { runMetrics } from './metrics.js'
import { settledCommand } from './settled-command.js'
import { signingKeys } from './sign.js'
import { signalTeller } from './signal-teller.js'
import { openWebhook, webhookUrl } from './webhook.js'

/** Who is told what a run or watch comes to (`docs/signals.md`). */
export interface SignalOptions {
  /** Gets every signal as a POST, signed as Standard Webhooks has it. */
  readonly webhook?: { readonly url: string; readonly secret: string } | undefined
  /** Run by the shell when all is settled, with the signal as JSON on its standard input. */
  readonly settledCommand?: string | undefined
  /** Follows the numbers of the run, for the textfile collector of Prometheus' node exporter; ends in `.prom`. */
  readonly metricsFile?: string | undefined
  /** Gets a sentence for people about what could not be told. */
  readonly onWarning?: ((text: string) => void) | undefined
  /** Cuts short what `close` waits for. */
  readonly signal?: AbortSignal | undefined
  /** Node's own unless given. */
  readonly fetch?: typeof fetch | undefined
  readonly clock?: Clock | undefined
}

/** The signals of one run or watch. */
export interface Signals {
  /** Give it every event of the run, as its `onEvent`. */
  readonly onEvent: ReportEvent
  /**
   * Tells what the report says, and waits for what is on its way: for the webhook five seconds at most, for the command a
   * minute. `null` when the run threw. Never rejects.
   */
  close(report: WorkspaceReport | null): Promise<void>
}

/**
 * Tells other programs when all is settled, somebody is needed, or a batch is overdue. Call it before the run; nothing of it
 * stops or fails the run.
 *
 * @throws WrongUsage when an address or a secret cannot be used
 * @example
 * const signals = await openSignals(workspace, { webhook: { url, secret } })
 * const report = await watchWorkspace(workspace, { client, onEvent: signals.onEvent })
 * await signals.close(report)
 */
export async function openSignals(workspace: BatchWorkspace, options: SignalOptions): Promise<Signals> {
  requireWorkspace(workspace)
  const { clock = systemClock, signal: hurry = neverAborted } = options
  const warn = neverThrowing(options.onWarning)
  const { webhook: to, settledCommand: command } = options
  if (command?.trim() === '') throw emptyCommand()
  const sending = { clock, warn, fetch: options.fetch ?? fetch }
  const webhook =
    to === undefined
      ? null
      : openWebhook({ ...sending, url: webhookUrl(to.url), keys: signingKeys(to.secret) })
  const runner = command === undefined ? null : settledCommand({ command, clock, warn })
  if (options.metricsFile !== undefined) requireMetricsName(options.metricsFile)
  const standings = await knownStandings(workspace, clock)
  const teller = signalTeller(workspace, standings, clock, (signal) => {
    webhook?.send(signal)
    if (signal.type === 'settled') runner?.run(signal)
  })
  const numbers = followNumbers(workspace, standings, { ...sending, path: options.metricsFile })
  return {
    onEvent(event) {
      standings.onEvent(event)
      teller.onEvent(event)
      numbers?.onEvent(event)
    },
    async close(report) {
      if (report !== null) teller.end(report)
      await Promise.all([webhook?.close(hurry), runner?.close(hurry), numbers?.close()])
    },
  }
}

function followNumbers(
  { root }: BatchWorkspace,
  standings: KnownStandings,
  { path, clock, warn }: Pick<MetricsFileOptions, 'clock' | 'warn'> & { readonly path: string | undefined },
) {
  if (path === undefined) return null
  const metrics = runMetrics(root, standings, clock)
  let isRunning = true
  const text = (): string => metricsText(metrics.all(isRunning))
  const file = metricsFile({ path: resolve(path), clock, warn, text })
  return {
    onEvent(event: ReconciliationEvent): void {
      metrics.add(event)
      file.touch()
    },
    close(): Promise<void> {
      isRunning = false
      return file.close()
    },
  }
}

const neverAborted = new AbortController().signal

const emptyCommand = (): Error =>
  reconciliationError({
    code: 'WrongUsage',
    message: 'The command for when all is settled is empty.',
    hint: 'Give one, such as: notify-send "batches are settled"',
  })
