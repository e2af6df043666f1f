import type { Clock } from '../../clock.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { Cause } from '../causes.js'
import type { ReportEvent } from '../events.js'
import type { KnownStandings } from '../known-standings.js'
import type { WorkspaceReport } from '../report.js'
import { totalsOfReport } from '../report-totals.js'
import { isWaiting } from '../watch-workspace.js'
import { calling, leaving, type Call } from './calls.js'
import {
  causeSignal,
  settledSignal,
  signalTypeOf,
  type CauseSignalType,
  type Signal,
  type SignalSource,
} from './signal.js'
import { newsOf, nothingTold } from './told-causes.js'

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
  const tellStuck = tellOnce(signalTypeOf, tell)
  const tellRetention = tellOnce(() => 'retention-ends', tell)
  let isSettledTold = false

  const tellCauses = (nextPollAtMs: number | null): void => {
    const source = sourceNow()
    tellStuck(calling(standings.all(nextPollAtMs), source), source)
    tellRetention(leaving(standings.all(nextPollAtMs), source), source)
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

/** Tells each cause of what it is given once, and again when it was gone in between. */
function tellOnce(
  typeOf: (cause: Cause) => CauseSignalType | null,
  tell: (signal: Signal) => void,
): (calls: Iterable<Call>, source: SignalSource) => void {
  let told = nothingTold
  return (calls, source) => {
    const found = newsOf(calls, told)
    for (const cause of found.news) {
      const type = typeOf(cause)
      if (type !== null) tell(causeSignal(type, cause, source))
    }
    told = found.told
  }
}
