import type { WorkspaceHistory } from '../engine/phase-history.js'
import type {
  CommandAnswer,
  FailedForGood,
  InspectionMode,
  TripleCommandType,
  TripleDetail,
  TripleReplay,
  TripleSummary,
} from './protocol.js'

/** Where the inspector's knowledge comes from: a run in this process, a workspace on disk, or one journal. */
export interface InspectionSource {
  readonly title: string
  /** Of the workspace; `null` for a journal. */
  readonly root: string | null
  readonly mode: Exclude<InspectionMode, 'export'>
  /** How every triple stands, in the order of the indices. Cheap: nothing is read. */
  summaries(): readonly TripleSummary[]
  /** The summary of one; `null` when there is no such triple. */
  summary(index: string): TripleSummary | null
  /** True when the first listing is whole. */
  readonly isComplete: boolean
  /** True once nothing will change any more. */
  readonly isOver: boolean
  /** Calls back with each index whose summary changed or is gone, and with `null` when something else changed. */
  subscribe(listener: (index: string | null) => void): () => void
  /** `null` when there is no such triple. Never rejects for what is wrong with its files. */
  detail(index: string, options: DetailOptions): Promise<TripleDetail | null>
  replay(index: string): Promise<TripleReplay | null>
  /** How many of these triples were where over time. Never rejects for what is wrong with journals. */
  history(indices: readonly string[]): Promise<WorkspaceHistory>
  /** Finished lineages with requests that failed for good. Never rejects for what is wrong with their files. */
  failedForGood(): Promise<readonly FailedForGood[]>
  /** What all answers took, as sentences; nothing where that is not known. Never rejects. */
  tokens(): Promise<readonly string[]>
  /** `null` when the source is read-only. */
  readonly command: ((index: string, type: TripleCommandType) => CommandAnswer) | null
  close(): void
}

export interface DetailOptions {
  /** Also the messages and ids that come out of rows. */
  readonly withRowTexts: boolean
}
