import type { RowCounts } from '../../machines/index.js'
import type { ErrorGroup } from '../accounting/rows/error-groups.js'

/** What the steps of a triple have to say while they work. Events hold no row contents and no keys. */
export type StepEvent =
  | { readonly type: 'warning'; readonly index: string | null; readonly message: string }
  /** Bytes of files on disk read since the last such event of this triple. */
  | { readonly type: 'bytes.read'; readonly index: string; readonly bytes: number }
  /** Bytes come from a server since the last such event of this triple. They are read from the disk afterwards. */
  | { readonly type: 'bytes.downloaded'; readonly index: string; readonly bytes: number }
  /** Rows processed so far in this attempt. */
  | { readonly type: 'rows.processed'; readonly index: string; readonly rows: RowCounts }
  | { readonly type: 'errors.grouped'; readonly index: string; readonly groups: readonly ErrorGroup[] }
  /** A new input with the failed requests stands in `workdir/`. */
  | {
      readonly type: 'retry.written'
      readonly index: string
      readonly retryIndex: string
      readonly requests: number
      readonly path: string
      /** False when this run has no server, or no leave: the input then waits. */
      readonly willBeSubmitted: boolean
    }
  | {
      readonly type: 'results.published'
      readonly index: string
      readonly path: string
      readonly rows: number
      /** Those rows by class: each request of the lineage's root once. */
      readonly lineageRows: RowCounts
      /** Of these, those that are no success and that nobody tries again. */
      readonly failedForGood: RowCounts
    }
