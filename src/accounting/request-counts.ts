import { plural } from './accounting-words.js'
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
  accounting: Pick<TripleAccounting, 'counts' | 'answers'>,
): string[] {
  if (reported === null) return []
  const { counts, answers } = accounting
  return [
    contradiction(reported.total, counts.matched + counts.missing, 'request'),
    contradiction(reported.completed, answers.succeeded, 'completed request'),
    contradiction(reported.failed, answers.failed, 'failed request'),
  ].flat()
}

function contradiction(reported: number | null, found: number, noun: string): string[] {
  if (reported === null || reported === found) return []
  return [`The server counts ${plural(reported, noun)}; the files show ${found.toLocaleString('en-US')}.`]
}
