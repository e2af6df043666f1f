import { noRows, type RowCounts } from '../../machines/index.js'
import type { AttemptRows } from '../accounting/results/attempt-rows.js'
import type { RowClass } from '../accounting/rows/row-class.js'

const fieldOf = {
  success: 'success',
  semantic: 'semantic',
  rejected: 'rejected',
  'not-executed': 'notExecuted',
  transient: 'transient',
  'needs-person': 'needsPerson',
  permanent: 'permanent',
} as const satisfies Record<RowClass, keyof RowCounts>

/** The rows of an attempt by class, in the machine's words. */
export function rowCountsOf(rows: AttemptRows): RowCounts {
  const counts: Record<keyof RowCounts, number> = { ...noRows, retryable: rows.retryable }
  for (const [rowClass, count] of rows.counts()) counts[fieldOf[rowClass]] += count
  return counts
}
