import type { ReconciledRow } from '../accounting/rows/evaluate-row.js'

/** Where a row belongs. */
export interface RowContext {
  readonly index: string
  readonly rootIndex: string
  /** 1 for the first batch of a lineage. */
  readonly attempt: number
  /**
   * Root index and `custom_id`: the same for every attempt at one request. Callbacks run at least once; one that
   * is not idempotent by itself can use this to see that it ran already.
   */
  readonly idempotencyKey: string
}

/** What a callback may answer. Nothing means the row is accepted as it is. */
export type RowDecision = undefined | void | { readonly reject: string }

/** Called for each row, one after the other. A throw stops the triple where it is and loses nothing. */
export type RowProcessor<Content = unknown> = (
  row: ReconciledRow<Content>,
  context: RowContext,
) => RowDecision | Promise<RowDecision>

/** Whether code of the user sees rows. What it has seen must be known after a crash; all else follows from the files again. */
export function hasCallbacks(options: {
  readonly processOutput?: unknown
  readonly processErrors?: unknown
}): boolean {
  return options.processOutput !== undefined || options.processErrors !== undefined
}
