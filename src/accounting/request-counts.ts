import { rowClassesThat } from '../../machines/index.js'
import { countOf, countText } from '../units.js'
import type { TripleAccounting } from './triple-accounting.js'

/** The server's `request_counts`; `null` where it said nothing. */
export interface ReportedRequestCounts {
  readonly total: number | null
  readonly completed: number | null
  readonly failed: number | null
}

/**
 * Where the server's counts and the files disagree, as sentences. They are shown and stored, and never change a
 * verdict: servers update the counts late, leave them at zero, or count expired requests in neither.
 */
export function requestCountContradictions(
  reported: ReportedRequestCounts | null,
  accounting: Pick<TripleAccounting, 'counts' | 'outcomes'>,
): string[] {
  if (reported === null) return []
  const { counts, outcomes } = accounting
  // A server counts a cut or filtered answer as completed: it was given.
  const completed = rowClassesThat(({ isAnswered }) => isAnswered).reduce(
    (sum, one) => sum + outcomes[one],
    0,
  )
  return [
    contradiction(reported.total, counts.matched + counts.missing, 'request'),
    contradiction(reported.completed, completed, 'completed request'),
    contradiction(reported.failed, counts.matched - completed, 'failed request'),
  ].flat()
}

function contradiction(reported: number | null, found: number, noun: string): string[] {
  if (reported === null || reported === found) return []
  return [`The server counts ${countOf(reported, noun)}; the files show ${countText(found)}.`]
}
