import type { PublishedRow } from '../../accounting/results/published-rows.js'
import type { Standing } from '../../accounting/requests/answered-requests.js'
import type { RequestLine } from '../../accounting/requests/request-lines.js'
import type { RowClass } from '../../accounting/rows/row-class.js'
import { classOfRow } from '../../accounting/results/stored-rows.js'

/**
 * What became of a request: the class of its row; `pending` before there is one; `without-results` where its triple is
 * finished and somebody took the results away.
 */
export type ExportOutcome = RowClass | Exclude<Standing, 'answered'>

/** A request of a root triple, and what the workspace knows of it. */
export interface ExportRow {
  readonly rootIndex: string
  readonly customId: string
  /** `null` without a row of results. */
  readonly result: PublishedRow | null
  /** Of a row without results. */
  readonly standing: Exclude<Standing, 'answered'>
  /** `null` unless it was asked for, and where its input is gone. */
  readonly request: RequestLine | null
  /** The requests of the lineage ask for embeddings. */
  readonly asksForVectors: boolean
}

export function outcomeOf({ result, standing }: ExportRow): ExportOutcome {
  return result === null ? standing : classOfRow(result.row)
}

/** Nobody has an answer yet, and one may come: there is no row, or a triple tries the request again. */
export function isUnderWay({ result, standing }: ExportRow): boolean {
  return result === null ? standing === 'pending' : result.row.retry !== undefined
}
