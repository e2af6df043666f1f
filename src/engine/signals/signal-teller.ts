import type { Clock } from '../../clock.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { causesOf, type ToldCause } from '../causes.js'
import type { ReportEvent } from '../events.js'
import type { KnownStanding, KnownStandings } from '../known-standings.js'
import type { WorkspaceReport } from '../report.js'
import { storyOf, stuckReason, type StuckReason } from '../triple-story.js'
import { causeSignal, settledSignal, type Signal, type SignalSource } from './signal.js'

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
  let toldCauses: ReadonlySet<string> = new Set()
  /** Of each triple somebody was called for, as short as can be: there may be a hundred thousand. */
  let toldReasons: ReadonlyMap<string, string> = new Map()
  let isSettledTold = false

  const tellCauses = (nextPollAtMs: number | null): void => {
    const source = sourceNow()
    const reasons = new Map<string, string>()
    const causes = causesOf(calling(standings, nextPollAtMs, source, reasons))
    for (const cause of causes) {
      const { index } = cause.first
      // The words of a problem may change with what the server says, while the problem stays.
      const isReworded = toldReasons.get(index) === reasons.get(index)
      const isTold = toldCauses.has(cause.key) || isReworded
      const signal = isTold ? null : causeSignal(cause, source)
      if (signal !== null) tell(signal)
    }
    toldCauses = new Set(causes.map(({ key }) => key))
    toldReasons = reasons
  }
  const tellRest = (report: WorkspaceReport): void => {
    tellCauses(null)
    const signal = isSettledTold ? null : settledSignal(report, sourceNow())
    if (signal === null) return
    isSettledTold = true
    tell(signal)
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

/** The triples that somebody may have to be called for; notes the reason of each. */
function* calling(
  standings: KnownStandings,
  nextPollAtMs: number | null,
  { root, nowMs }: SignalSource,
  reasons: Map<string, string>,
): Generator<ToldCause, void, undefined> {
  for (const standing of standings.all(nextPollAtMs)) {
    const stuck = stuckReason(standing, nowMs)
    if (stuck === null || mendsItself(standing, stuck)) continue
    const { index, problem } = standing
    const story = storyOf(standing, nowMs, root)
    const code = problem?.code ?? null
    reasons.set(index, `${stuck} ${code}`)
    yield { index, code, story }
  }
}

const mendsItself = ({ isPassing }: KnownStanding, stuck: StuckReason): boolean =>
  stuck === 'failed' && isPassing
