import type {
  AccountingCounts,
  BatchFileReconciliationOperation,
  Problem,
  RowCounts,
  TokenTotals,
  TripleFacts,
  TripleOutcome,
} from '../../machines/index.js'
import type { FailedLineages } from './failed-lineages.js'
import type { AtServer, TripleWorker } from './triple-story.js'
import type { WorkspaceTokens } from './workspace-tokens.js'
import type { InputEstimate } from './batch-estimate.js'
import type { UnconfirmedSubmission } from './unconfirmed-submission.js'

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
  /** What the answers to this attempt took, good or not; `null` when they were not counted. */
  readonly tokens: TokenTotals | null
  /** Rows of this attempt; `null` when no row was processed. */
  readonly rows: RowCounts | null
  /**
   * The final rows of its lineage, each request of the root once, as the results stood at the end of the pass; `null`
   * when this run neither wrote nor finished any.
   */
  readonly lineageRows: RowCounts | null
  /** Of these, by class, those that are no success and that nobody tries again. */
  readonly failedForGood: RowCounts | null
  /**
   * How many requests this attempt cost: those of its input once they have answers; 0 for a batch that the server
   * refused whole, so that its requests went on in parts. `null` when this run did not get that far.
   */
  readonly requestsSent: number | null
  readonly problem: Problem | null
  readonly attempt: number
  readonly rootIndex: string
  readonly remoteStatus: string | null
  /** Absolute path of the results of its lineage, once it is done and where they stand; else `null`. */
  readonly resultsPath: string | null
  /** What is not confirmed of its submission; `null` when nothing is. */
  readonly unconfirmed: UnconfirmedSubmission | null
}

/** What one pass over a workspace came to. */
export interface WorkspaceReport {
  readonly triples: readonly TripleReport[]
  /** Submissions that were begun and have no batch yet, also of triples that a stop kept out of `triples`. */
  readonly unconfirmed: readonly UnconfirmedSubmission[]
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
  /** What is not confirmed of its submission; `null` when nothing is. */
  readonly unconfirmed: UnconfirmedSubmission | null
  /** What it would take to send its input; `null` when that was not asked for, or nothing would be sent. */
  readonly estimate: InputEstimate | null
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
  /** Times and counts of its batch at the server; `null` where nothing is known of it. */
  readonly atServer: AtServer | null
  /** When a run last asked the server, in milliseconds since 1970. */
  readonly lastPollAtMs: number | null
  readonly counts: AccountingCounts | null
  /** What the answers that are here took; `null` when they were not counted. */
  readonly tokens: TokenTotals | null
  /** When the oldest file of the triple was last changed, in milliseconds since 1970. */
  readonly sinceMs: number | null
  readonly attempt: number
  readonly rootIndex: string
  readonly problem: Problem | null
  /** What is not confirmed of its submission; `null` when nothing is. */
  readonly unconfirmed: UnconfirmedSubmission | null
  /** Of several workers the one that has it at this moment; `null` when none has. */
  readonly worker: TripleWorker | null
}

export interface WorkspaceStatus {
  readonly triples: readonly TripleStatus[]
  /** Triples whose files stand in `done/`. */
  readonly doneCount: number
  readonly tokens: WorkspaceTokens
  readonly failedForGood: FailedLineages
  /** The command that has the workspace for itself. */
  readonly lockedBy: string | null
  /** Workers that share it, one text each, such as `process 42 on host, since …`. */
  readonly workers: readonly string[]
  readonly warnings: readonly string[]
}

/** What the proof of one finished triple came to. */
export interface TripleProof {
  readonly index: string
  readonly isProven: boolean
  readonly counts: AccountingCounts | null
  readonly problems: readonly Problem[]
}
