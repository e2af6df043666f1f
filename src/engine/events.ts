import type { TripleFacts } from '../../machines/index.js'
import type { StepEvent } from '../actors/events.js'
import type { TripleReport, WorkspaceReport } from './report.js'

/**
 * Everything a run has to say, in the order it happens. The terminal, `--json` and users' own progress displays
 * are made from these; nothing else is printed by the library.
 */
export type ReconciliationEvent =
  | StepEvent
  | {
      readonly type: 'workspace.scanned'
      readonly triples: number
      /** Sizes of all data files of these triples together. */
      readonly totalBytes: number
    }
  /** Waiting for the server; the next look at it is in `delayMs`. */
  | { readonly type: 'poll.scheduled'; readonly delayMs: number; readonly waiting: number }
  /** A worker has looked over the folder for all; so many triples were queued, so many wait for the server. */
  | {
      readonly type: 'round.ended'
      readonly triples: number
      readonly queued: number
      readonly waiting: number
    }
  /** A watch that stays has nothing more to do by itself; `report` has the last report of each triple. */
  | { readonly type: 'watch.resting'; readonly report: WorkspaceReport }
  | { readonly type: 'triple.started'; readonly index: string }
  /** The triple's machine took a step. `from` and `to` are state paths such as `checking-ids.checking`. */
  | {
      readonly type: 'triple.changed'
      readonly index: string
      readonly from: string
      readonly event: string
      readonly to: string
      readonly facts: TripleFacts | null
    }
  /** A watch found none of its files any more: somebody took the triple away. */
  | { readonly type: 'triple.gone'; readonly index: string }
  | { readonly type: 'triple.settled'; readonly index: string; readonly report: TripleReport }

export type ReportEvent = (event: ReconciliationEvent) => void
