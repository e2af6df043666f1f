import { systemClock } from '../../clock.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { ReportEvent } from '../events.js'
import { knownStandings } from '../known-standings.js'
import { requireWorkspace } from '../require-workspace.js'
import type { WorkspaceReport } from '../report.js'
import { followNumbers } from './follow-numbers.js'
import { requireMetricsName } from './metrics-file.js'
import { runCensus } from './run-census.js'
import { openSenders, type SignalOptions } from './senders.js'
import { signalTeller } from './signal-teller.js'

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
  const { clock = systemClock } = options
  const senders = openSenders(options)
  requireMetricsName(options.metricsFile)
  const standings = await knownStandings(workspace, clock)
  const teller = signalTeller(workspace, standings, clock, (signal) => senders.send(signal))
  const census = runCensus(standings, clock)
  const numbers = followNumbers(workspace, options, { census: () => census.now(), isShared: false })
  return {
    onEvent(event) {
      standings.onEvent(event)
      census.onEvent(event)
      teller.onEvent(event)
      numbers?.onEvent(event)
    },
    async close(report) {
      if (report !== null) teller.end(report)
      await Promise.all([senders.close(), numbers?.close()])
    },
  }
}
