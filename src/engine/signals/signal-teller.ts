import type { Clock } from '../../clock.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { ReportEvent } from '../events.js'
import type { KnownStandings } from '../known-standings.js'
import type { WorkspaceReport } from '../report.js'
import { totalsOfReport } from '../report-totals.js'
import { isWaiting } from '../watch-workspace.js'
import { perKind } from './calls.js'
import { newSignals } from './new-signals.js'
import { settledSignal, type Signal, type SignalSource } from './signal.js'
import { nothingTold } from './told-causes.js'

/** Makes signals of what a run or watch says. */
export interface SignalTeller {
  /** The standings have heard it before. */
  readonly onEvent: ReportEvent
  /** What stands at the end, as far as it was not told before. */
  end(report: WorkspaceReport): void
}

/**
 * Each cause is told when the watch begins to wait and at the end: once, and again only when it was gone in between. That
 * all is settled is told when it comes to that, and again only when something was at work since.
 */
export function signalTeller(
  { root }: BatchWorkspace,
  standings: KnownStandings,
  clock: Clock,
  tell: (signal: Signal) => void,
): SignalTeller {
  let told = perKind(() => nothingTold)
  let isSettledTold = false

  const tellCauses = (nextPollAtMs: number | null): void => {
    const source = sourceNow()
    told = perKind((kind) => {
      const found = newSignals(kind, standings.all(nextPollAtMs), source, told[kind])
      for (const { signal } of found.signals) tell(signal)
      return found.told
    })
  }
  const tellRest = (report: WorkspaceReport): void => {
    tellCauses(null)
    if (isSettledTold || !isSettled(report)) return
    isSettledTold = true
    tell(settledSignal(totalsOfReport(report), sourceNow()))
  }
  const sourceNow = (): SignalSource => ({ root, nowMs: clock.now() })
  return {
    onEvent(event) {
      if (event.type === 'triple.started') isSettledTold = false
      if (event.type === 'poll.scheduled') tellCauses(clock.now() + event.delayMs)
      if (event.type === 'watch.resting') tellRest(event.report)
    },
    end: tellRest,
  }
}

/** Nothing waits for the server or for a fault to pass, and there was something to settle. */
const isSettled = ({ triples, isInterrupted }: WorkspaceReport): boolean =>
  !isInterrupted && triples.length > 0 && !triples.some(isWaiting)
