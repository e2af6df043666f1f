import { systemClock, type Clock } from '../../clock.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { ReportEvent } from '../events.js'
import { requireWorkspace } from '../require-workspace.js'
import { countRun } from '../run-counters.js'
import { neverThrowing } from '../never-throwing.js'
import { flushProviders } from './flush-providers.js'
import { growInstruments } from './instruments.js'
import { tripleSpans } from './triple-spans.js'

export interface TelemetryOptions {
  /** Gets a sentence for people when nothing can be told. */
  readonly onWarning?: ((text: string) => void) | undefined
  readonly clock?: Clock | undefined
  /** For one of several workers: a span ends where its triple rests, since others may go on with it. Off unless set. */
  readonly isShared?: boolean | undefined
}

/** The spans and counters of one run or watch. */
export interface Telemetry {
  /** Give it every event of the run, as its `onEvent`. */
  readonly onEvent: ReportEvent
  /** Ends what is open, and has the SDK send what it holds: five seconds at most. Never rejects. */
  close(): Promise<void>
}

/** By which a collector knows whose spans and counters these are. */
const scope = 'batch-reconciler'

/**
 * Tells OpenTelemetry of a run: a span for each triple with one for each of its steps, and what the run counts
 * (`docs/signals.md`). They go to the SDK that the program has registered, and nowhere without one. Nothing is told when the
 * package `@opentelemetry/api` is not installed.
 *
 * @example
 * const telemetry = await openTelemetry(workspace)
 * const report = await reconcileWorkspace(workspace, { onEvent: telemetry.onEvent })
 * await telemetry.close()
 */
export async function openTelemetry(
  workspace: BatchWorkspace,
  options: TelemetryOptions = {},
): Promise<Telemetry> {
  requireWorkspace(workspace)
  const { clock = systemClock, isShared = false } = options
  const api = await import('@opentelemetry/api').catch(() => null)
  if (api === null) {
    neverThrowing(options.onWarning)(missingText)
    return silent
  }
  const { root } = workspace
  const spans = tripleSpans(api, api.trace.getTracer(scope), { root, clock, isShared })
  const counted = countRun(clock, { isShared }, growInstruments(api.metrics.getMeter(scope), root))
  return {
    onEvent(event) {
      spans.onEvent(event)
      counted.onEvent(event)
    },
    async close() {
      spans.close()
      counted.tellWaits()
      await flushProviders(api, clock)
    },
  }
}

const silent: Telemetry = { onEvent: () => {}, close: async () => {} }

const missingText =
  'Nothing is told to OpenTelemetry: the package @opentelemetry/api cannot be loaded. Install it beside this one: npm install @opentelemetry/api'
