import type {
  AccountingCounts,
  BatchFileReconciliationOperation,
  Problem,
  RowCounts,
  TripleFacts,
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
  /** Absolute path of the results of its lineage, once it is done and where they stand; else `null`. */
  readonly resultsPath: string | null
}

/** What one pass over a workspace came to. */
export interface WorkspaceReport {
  readonly triples: readonly TripleReport[]
  readonly warnings: readonly string[]
  /** True when the pass was stopped by a signal before every triple came to rest. */
  readonly isInterrupted: boolean
}

/** What the next run will do with one triple, and why. */
export interface TriplePlan {
  readonly index: string
  /**
   * `planned` when a run would do something by itself; otherwise how a run would leave the triple.
   */
  readonly outcome: 'planned' | TripleOutcome['type']
  /** The state its machine goes to first, such as `checking-ids`. */
  readonly state: string
  readonly operations: readonly BatchFileReconciliationOperation[]
  /** One line: which facts lead there. */
  readonly why: string
  /** `null` when the ids were not looked at. */
  readonly counts: AccountingCounts | null
  readonly problem: Problem | null
  readonly facts: TripleFacts | null
}

export interface WorkspacePlan {
  readonly triples: readonly TriplePlan[]
  readonly warnings: readonly string[]
}

/** How one triple of `workdir/` stands, from metadata, proof and journal; nothing is read in full. */
export interface TripleStatus {
  readonly index: string
  readonly state: string
  /** Since when it rests there for the same reason, in milliseconds since 1970; `null` when no run came here. */
  readonly stateSinceMs: number | null
  /** False when the last run was cut off in the middle of its work; the next one goes on. */
  readonly isAtRest: boolean
  readonly remoteStatus: string | null
  readonly batchId: string | null
  /** When a run last asked the server, in milliseconds since 1970. */
  readonly lastPollAtMs: number | null
  readonly counts: AccountingCounts | null
  /** When the oldest file of the triple was last changed, in milliseconds since 1970. */
  readonly sinceMs: number | null
  readonly attempt: number
  readonly rootIndex: string
  readonly problem: Problem | null
}

export interface WorkspaceStatus {
  readonly triples: readonly TripleStatus[]
  /** Triples whose files stand in `done/`. */
  readonly doneCount: number
  readonly lockedBy: string | null
  readonly warnings: readonly string[]
}

/** What the proof of one finished triple came to. */
export interface TripleProof {
  readonly index: string
  readonly isProven: boolean
  readonly counts: AccountingCounts | null
  readonly problems: readonly Problem[]
}
