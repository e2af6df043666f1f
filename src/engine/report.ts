import type {
  AccountingCounts,
  BatchFileReconciliationOperation,
  Problem,
  RowCounts,
  TripleOutcome,
} from '../../machines/index.js'

/** How one triple stands at the end of a pass. */
export interface TripleReport {
  readonly index: string
  readonly outcome: TripleOutcome
  /** Where its machine rests, such as `awaiting-online-files.waiting`. */
  readonly state: string
  /** Its course of action as last decided. */
  readonly operations: readonly BatchFileReconciliationOperation[]
  /** `null` when the ids were not looked at. */
  readonly counts: AccountingCounts | null
  /** `null` when no row was processed. */
  readonly rows: RowCounts | null
  readonly problem: Problem | null
  readonly attempt: number
  readonly rootIndex: string
  readonly remoteStatus: string | null
  /** Absolute path of the results file it wrote, if it did. */
  readonly resultsPath: string | null
}

/** What one pass over a workspace came to. */
export interface WorkspaceReport {
  readonly triples: readonly TripleReport[]
  readonly warnings: readonly string[]
  /** True when the pass was stopped by a signal before every triple came to rest. */
  readonly isInterrupted: boolean
}
