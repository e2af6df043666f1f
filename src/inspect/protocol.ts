import type {
  AccountingCounts,
  BatchFileReconciliationOperation,
  FileKind,
  Problem,
  RowCounts,
} from '../../machines/index.js'
import type { TripleCourse } from '../engine/triple-course.js'
import type { WorkspaceHistory } from '../engine/phase-history.js'
import type { TripleStanding, TripleWorker } from '../engine/triple-story.js'

/** What the inspector's page is told: shapes of every message between it and the server, and of an export. */

/** `live`: a run in this process. `disk`: read from a workspace. `replay`: one journal. `export`: a saved page. */
export type InspectionMode = 'live' | 'disk' | 'replay' | 'export'

export interface PageInfo {
  /** The workspace's or the journal's path. */
  readonly title: string
  /** Of the workspace, for commands to copy; `null` for a journal. */
  readonly root: string | null
  readonly mode: InspectionMode
  /** Whether the buttons `rescan` and `retry` do anything. */
  readonly canCommand: boolean
  /** The server's clock when this was written, in milliseconds since 1970: ages are told against it. */
  readonly nowMs: number
  /** True once the run has ended: nothing will change any more. */
  readonly isOver: boolean
}

/** A row of the list. Small: every viewer holds all of them. */
export interface TripleSummary extends TripleStanding {
  readonly index: string
  readonly batchId: string | null
  readonly rootIndex: string
  /** `null` when its ids were not counted. */
  readonly requests: number | null
  readonly missing: number | null
  /** Of several workers the one that has it at this moment. */
  readonly worker: TripleWorker | null
  /** When a run of this process last brought it to rest, in milliseconds since 1970; `null` without one. */
  readonly restedAtMs: number | null
}

export interface InspectedFile {
  readonly kind: FileKind
  /** Relative to the workspace, with slashes. */
  readonly path: string
  readonly bytes: number
  readonly modifiedAtMs: number | null
}

/** Rows that failed in the same way. `message` and `sampleIds` come out of rows: they are sent when asked for only. */
export interface InspectedErrorGroup {
  readonly outcome: string
  readonly code: string
  readonly count: number
  readonly message: string | null
  readonly sampleIds: readonly string[] | null
}

/** One transition. */
export interface InspectedStep {
  /** ISO 8601, in UTC. */
  readonly at: string
  readonly from: string
  readonly event: string
  readonly to: string
  readonly problemCode: string | null
}

/** What one triple of a lineage did. */
export interface AttemptCourse extends TripleCourse {
  readonly index: string
  /** 1 for the root. */
  readonly attempt: number
  /** In milliseconds since 1970; `null` when it was not submitted, or nothing says when. */
  readonly submittedAtMs: number | null
  /** When the server promised to be done. */
  readonly dueAtMs: number | null
  /** How many requests the server said are answered, failed ones among them, and of how many. */
  readonly answered: number | null
  readonly requests: number | null
}

/** Everything about one triple but its rows. */
export interface TripleDetail {
  readonly summary: TripleSummary
  readonly operations: readonly BatchFileReconciliationOperation[]
  readonly files: readonly InspectedFile[]
  readonly inputFileId: string | null
  readonly outputFileId: string | null
  readonly errorFileId: string | null
  readonly parentIndex: string | null
  readonly retryIndex: string | null
  readonly problem: Problem | null
  /** The accounting: how many requests were answered where; `null` when not counted. */
  readonly counts: AccountingCounts | null
  /** What its answers took, as a sentence; `null` when not counted. */
  readonly tokens: string | null
  readonly rows: RowCounts | null
  /** What the server's own counts say otherwise, as sentences. */
  readonly contradictions: readonly string[]
  /** The largest first, at most 50. */
  readonly errorGroups: readonly InspectedErrorGroup[]
  /** Newest last, at most 200. */
  readonly steps: readonly InspectedStep[]
  /** Steps before those, and lines of the journal that could not be read. */
  readonly omittedSteps: number
  readonly unreadableLines: number
  /** Its lineage as far as it is known here, the root first, at most 8; at least itself. */
  readonly lineage: readonly AttemptCourse[]
}

/** A step with what was known after it; `facts` is `null` when they are those of the step before. */
export interface ReplayStep extends InspectedStep {
  readonly facts: Readonly<Record<string, unknown>> | null
}

/** A whole journal for stepping through. At most 20,000 steps, the newest ones. */
export interface TripleReplay {
  readonly index: string
  readonly steps: readonly ReplayStep[]
  readonly omittedSteps: number
  readonly unreadableLines: number
}

/** A finished lineage with requests that failed for good or never ran: what, and the command that sends them again. */
export interface FailedForGood {
  readonly rootIndex: string
  readonly what: string
  readonly whatToDo: string
}

/** What a viewer may ask of a triple. */
export const tripleCommands = ['triple.rescan', 'triple.retry'] as const
export type TripleCommandType = (typeof tripleCommands)[number]

/** What a run said to a command. */
export type CommandAnswer =
  | { readonly type: 'accepted' }
  /** Why, in one sentence. */
  | { readonly type: 'refused'; readonly reason: string }

/** What became of a command to several triples: how many took it, and why others did not. */
export interface CommandsAnswer {
  readonly accepted: number
  readonly refused: readonly { readonly reason: string; readonly count: number }[]
}

/** Messages of the stream, one JSON object each. */
export type StreamMessage =
  | { readonly type: 'page'; readonly page: PageInfo }
  | {
      readonly type: 'triples'
      readonly changed: readonly TripleSummary[]
      readonly removed: readonly string[]
      /** False while the first listing still goes on. */
      readonly isComplete: boolean
    }

/** What a saved page carries. Details and replays are there for as many triples as fit; `details` says which. */
export interface ExportedInspection {
  readonly page: PageInfo
  readonly triples: readonly TripleSummary[]
  readonly details: Readonly<Record<string, TripleDetail>>
  readonly replays: Readonly<Record<string, TripleReplay>>
  readonly history: WorkspaceHistory
  readonly failedForGood: readonly FailedForGood[]
  readonly tokens: readonly string[]
}
