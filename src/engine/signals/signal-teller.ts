import type { Clock } from '../../clock.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { causesOf, type Cause, type ToldCause } from '../causes.js'
import type { ReportEvent } from '../events.js'
import type { KnownStanding, KnownStandings } from '../known-standings.js'
import type { WorkspaceReport } from '../report.js'
import { endsSoon, retentionWords } from '../retention.js'
import { storyOf, stuckReason, type StuckReason } from '../triple-story.js'
import {
  causeSignal,
  settledSignal,
  signalTypeOf,
  type CauseSignalType,
  type Signal,
  type SignalSource,
} from './signal.js'

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

/** A triple and what it calls somebody for. */
interface Call extends ToldCause {
  /** The same while the problem stays, whatever words it is told with, and as short as can be. */
  readonly reason: string
}

/** Tells each cause of what it is given once, and again when it was gone in between. */
function tellOnce(
  typeOf: (cause: Cause) => CauseSignalType | null,
  tell: (signal: Signal) => void,
): (calls: Iterable<Call>, source: SignalSource) => void {
  let toldCauses: ReadonlySet<string> = new Set()
  /** Of each triple somebody was called for: there may be a hundred thousand. */
  let toldReasons: ReadonlyMap<string, string> = new Map()
  return (calls, source) => {
    const reasons = new Map<string, string>()
    const causes = causesOf(noting(calls, reasons))
    for (const cause of causes) {
      const { index } = cause.first
      // The words of a problem may change with what the server says, while the problem stays.
      const isReworded = toldReasons.get(index) === reasons.get(index)
      const type = toldCauses.has(cause.key) || isReworded ? null : typeOf(cause)
      if (type !== null) tell(causeSignal(type, cause, source))
    }
    toldCauses = new Set(causes.map(({ key }) => key))
    toldReasons = reasons
  }
}

function* noting(calls: Iterable<Call>, reasons: Map<string, string>): Generator<Call, void, undefined> {
  for (const call of calls) {
    reasons.set(call.index, call.reason)
    yield call
  }
}

/** The triples that do not move by themselves. */
function* calling(
  standings: Iterable<KnownStanding>,
  { root, nowMs }: SignalSource,
): Generator<Call, void, undefined> {
  for (const standing of standings) {
    const stuck = stuckReason(standing, nowMs)
    if (stuck === null || mendsItself(standing, stuck)) continue
    const { index, problem } = standing
    const code = problem?.code ?? null
    yield { index, code, story: storyOf(standing, nowMs, root), reason: `${stuck} ${code}` }
  }
}

const mendsItself = ({ isPassing }: KnownStanding, stuck: StuckReason): boolean =>
  stuck === 'failed' && isPassing

/** The triples whose answers the server deletes before long. */
function* leaving(
  standings: Iterable<KnownStanding>,
  { root, nowMs }: SignalSource,
): Generator<Call, void, undefined> {
  for (const { index, atServer } of standings) {
    const untilMs = atServer?.keptUntilMs ?? null
    if (!endsSoon(untilMs, nowMs)) continue
    const story = { stuck: null, ...retentionWords(untilMs, nowMs, root) }
    yield { index, code: null, story, reason: 'retention' }
  }
}
