import { GrowableColumn } from '../growable-column.js'
import { wasStopped } from '../rows/failure-rules.js'
import type { ResultRow } from '../rows/result-row.js'
import { rowClasses, type RowClass } from '../rows/row-class.js'
import { classOfRow } from './stored-rows.js'

/** What became of a request, as its row tells it. */
export interface RowFate {
  readonly rowClass: RowClass
  /** A triple tries the request again. */
  readonly isRetried: boolean
  /** Somebody stopped the batch before it came to the request. */
  readonly isStopped: boolean
}

/** Of an answer that is what was asked for. */
export const successFate: RowFate = { rowClass: 'success', isRetried: false, isStopped: false }

export function fateOfRow(row: Pick<ResultRow, 'outcome' | 'error' | 'retry'>): RowFate {
  const rowClass = classOfRow(row)
  return {
    rowClass,
    isRetried: row.retry !== undefined,
    isStopped: wasStopped(rowClass, row.error?.code ?? null),
  }
}

/** Fates by position, one byte each. */
export class FateColumn {
  readonly #bytes = new GrowableColumn(Uint8Array)

  get(position: number): RowFate {
    const byte = this.#bytes.get(position)
    return {
      rowClass: rowClasses[byte >>> 2] ?? rowClasses[0],
      isRetried: (byte & 1) !== 0,
      isStopped: (byte & 2) !== 0,
    }
  }

  set(position: number, { rowClass, isRetried, isStopped }: RowFate): void {
    this.#bytes.set(position, (rowClasses.indexOf(rowClass) << 2) | (isRetried ? 1 : 0) | (isStopped ? 2 : 0))
  }
}
