import { rowCountsFrom, type RowCounts } from '../../machines/index.js'
import type { AttemptRows } from '../accounting/results/attempt-rows.js'

/** The rows of an attempt by class, in the machine's words. */
export function rowCountsOf(rows: AttemptRows): RowCounts {
  return rowCountsFrom(rows.counts(), rows.retryable)
}
