import type {
  CommandAnswer,
  InspectionMode,
  TripleCommandType,
  TripleDetail,
  TripleReplay,
  TripleSummary,
} from './protocol.js'

/** Where the inspector's knowledge comes from: a run in this process, a workspace on disk, or one journal. */
export interface InspectionSource {
  readonly title: string
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
  /** `null` when the source is read-only. */
  readonly command: ((index: string, type: TripleCommandType) => CommandAnswer) | null
  close(): void
}

export interface DetailOptions {
  /** Also the messages and ids that come out of rows. */
  readonly withRowTexts: boolean
}
