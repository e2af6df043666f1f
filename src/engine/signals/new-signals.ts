import type { KnownStanding } from '../known-standings.js'
import { callKinds, type CallKind } from './calls.js'
import { causeSignal, type Signal, type SignalSource } from './signal.js'
import { newsOf, type Told } from './told-causes.js'

/** A signal of a cause, which its key tells from the others of its kind. */
export interface CauseSignal {
  readonly key: string
  readonly signal: Signal
}

/**
 * The signals of one kind that were not told before, and what is told with them.
 *
 * @param isAtWork whether somebody works on a triple now
 */
export function newSignals(
  kind: CallKind,
  standings: Iterable<KnownStanding>,
  source: SignalSource,
  before: Told,
  isAtWork?: (index: string) => boolean,
): { readonly signals: readonly CauseSignal[]; readonly told: Told } {
  const { callsOf, typeOf } = callKinds[kind]
  const { news, told } = newsOf(callsOf(standings, source), before, isAtWork)
  const signals = news.flatMap((cause) => {
    const type = typeOf(cause)
    return type === null ? [] : [{ key: cause.key, signal: causeSignal(type, cause, source) }]
  })
  return { signals, told }
}
