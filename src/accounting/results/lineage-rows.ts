import { rowCountsFrom, sumOfRows, traitsOf, type RowCounts } from '../../../machines/index.js'
import type { FileSystem } from '../../workspace/file-system.js'
import type { RowClass } from '../rows/row-class.js'
import { fateOfRow, type RowFate } from './row-fate.js'
import { readAttemptRows } from './stored-rows.js'

/** The final rows of a lineage: each request of its root once, whatever attempts it took. */
export interface LineageRows {
  /** By class; `retryable` are those that a triple tries again. */
  readonly rows: RowCounts
  /**
   * Of these, by class, those that are no success and that nobody tries again. What never ran because somebody stopped
   * its batch has not failed.
   */
  readonly failedForGood: RowCounts
}

/** How many requests failed for good. */
export const failedForGoodOf = ({ failedForGood }: LineageRows): number => sumOfRows(failedForGood, 'failed')

/** How many never ran because somebody stopped their batch, and nobody tries them again. */
export const stoppedOf = (lineage: LineageRows): number =>
  sumOfRows(lineage.rows, 'failed') - lineage.rows.retryable - failedForGoodOf(lineage)

/** True when the lineage has ended and nothing went well: no answer, and nobody tries again. */
export function didAllFailForGood(lineage: LineageRows): boolean {
  const { rows } = lineage
  return sumOfRows(rows, 'ok') === 0 && rows.retryable === 0 && failedForGoodOf(lineage) > 0
}

/** Counts final rows one by one. */
export interface LineageTally {
  add(fate: RowFate): void
  readonly counts: LineageRows
}

export function lineageTally(): LineageTally {
  const [all, forGood] = [new Map<RowClass, number>(), new Map<RowClass, number>()]
  let retried = 0
  return {
    add: ({ rowClass, isRetried, isStopped }) => {
      countIn(all, rowClass)
      if (isRetried) retried += 1
      else if (!isStopped && traitsOf(rowClass).countsAs === 'failed') countIn(forGood, rowClass)
    },
    get counts() {
      return { rows: rowCountsFrom(all, retried), failedForGood: rowCountsFrom(forGood, 0) }
    },
  }
}

function countIn(counts: Map<RowClass, number>, rowClass: RowClass): void {
  counts.set(rowClass, (counts.get(rowClass) ?? 0) + 1)
}

/**
 * Counts the results of a lineage as they stand on disk, in one pass; memory is bounded.
 *
 * @throws ReconciliationFailed at a line that is no row; the system's error when the file cannot be read
 */
export async function readLineageRows(fs: FileSystem, resultsPath: string): Promise<LineageRows> {
  const tally = lineageTally()
  for await (const row of readAttemptRows(fs, resultsPath)) tally.add(fateOfRow(row))
  return tally.counts
}
