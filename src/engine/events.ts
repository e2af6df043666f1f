import type { RowCounts, TripleFacts } from '../../machines/index.js'
import type { ErrorGroup } from '../accounting/rows/error-groups.js'
import type { TripleReport } from './report.js'

/**
 * Everything a run has to say, in the order it happens. The terminal, `--json` and users' own progress displays
 * are made from these; nothing else is printed by the library. Events hold no row contents and no keys.
 */
export type ReconciliationEvent =
  | {
      readonly type: 'workspace.scanned'
      readonly triples: number
      /** Sizes of all data files of these triples together. */
      readonly totalBytes: number
    }
  | { readonly type: 'warning'; readonly index: string | null; readonly message: string }
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
  /** Bytes read since the last such event of this triple. */
  | { readonly type: 'bytes.read'; readonly index: string; readonly bytes: number }
  /** Rows processed so far in this attempt. */
  | { readonly type: 'rows.processed'; readonly index: string; readonly rows: RowCounts }
  | { readonly type: 'errors.grouped'; readonly index: string; readonly groups: readonly ErrorGroup[] }
  /** A new input with the failed requests stands in `workdir/`. It is sent only by `submit`. */
  | {
      readonly type: 'retry.written'
      readonly index: string
      readonly retryIndex: string
      readonly requests: number
      readonly path: string
    }
  | {
      readonly type: 'results.published'
      readonly index: string
      readonly path: string
      readonly rows: number
    }
  | { readonly type: 'triple.settled'; readonly index: string; readonly report: TripleReport }

export type ReportEvent = (event: ReconciliationEvent) => void
