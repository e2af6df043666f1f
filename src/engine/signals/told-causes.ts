import { causesOf, type Cause } from '../causes.js'
import type { Call } from './calls.js'

/** What somebody was called for before. */
export interface Told {
  /** Of each cause, by its key, its first triples. */
  readonly causes: ReadonlyMap<string, readonly string[]>
  /** Of each triple somebody was called for, the reason: there may be a hundred thousand. */
  readonly reasons: ReadonlyMap<string, string>
}

export const nothingTold: Told = { causes: new Map(), reasons: new Map() }

/**
 * The causes that are news: each is told once, and again when it was gone in between.
 *
 * @param isAtWork whether somebody works on a triple now: what it called for is then neither there nor gone
 */
export function newsOf(
  calls: Iterable<Call>,
  told: Told,
  isAtWork: (index: string) => boolean = () => false,
): { readonly news: readonly Cause[]; readonly told: Told } {
  const reasons = new Map([...told.reasons].filter(([index]) => isAtWork(index)))
  const causes = causesOf(noting(calls, reasons))
  const news = causes.filter(({ key, first }) => {
    // The words of a problem may change with what the server says, while the problem stays.
    const isReworded = told.reasons.get(first.index) === reasons.get(first.index)
    return !told.causes.has(key) && !isReworded
  })
  const kept = [...told.causes].filter(([, sample]) => sample.some(isAtWork))
  const standing = causes.map(({ key, sample }) => [key, sample] as const)
  return { news, told: { causes: new Map([...kept, ...standing]), reasons } }
}

function* noting(calls: Iterable<Call>, reasons: Map<string, string>): Generator<Call, void, undefined> {
  for (const call of calls) {
    reasons.set(call.index, call.reason)
    yield call
  }
}
