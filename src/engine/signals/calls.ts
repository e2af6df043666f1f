import type { Cause, ToldCause } from '../causes.js'
import type { KnownStanding } from '../known-standings.js'
import { endsSoon, retentionWords } from '../retention.js'
import { storyOf, stuckReason, type StuckReason } from '../triple-story.js'
import { signalTypeOf, type CauseSignalType, type SignalSource } from './signal.js'

/** A triple and what it calls somebody for. */
export interface Call extends ToldCause {
  /** The same while the problem stays, whatever words it is told with, and as short as can be. */
  readonly reason: string
}

/** A kind of calls: who calls, and what a cause of theirs is told as. */
interface CallTraits {
  readonly callsOf: (standings: Iterable<KnownStanding>, source: SignalSource) => Iterable<Call>
  readonly typeOf: (cause: Cause) => CauseSignalType | null
}

/** Each kind is told apart from the others. */
export const callKinds = {
  stuck: { callsOf: calling, typeOf: signalTypeOf },
  retention: { callsOf: leaving, typeOf: () => 'retention-ends' },
} as const satisfies Readonly<Record<string, CallTraits>>
export type CallKind = keyof typeof callKinds
export const callKindNames = Object.keys(callKinds) as readonly CallKind[]

export const perKind = <Made>(make: (kind: CallKind) => Made): Readonly<Record<CallKind, Made>> => ({
  stuck: make('stuck'),
  retention: make('retention'),
})

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
