import type { FileSystem, OpenFile } from '../../workspace/file-system.js'
import { GrowableColumn } from '../growable-column.js'
import { IdTable } from '../id-table.js'
import { readLineAt } from '../line-reader.js'
import type { ResultRow } from '../rows/result-row.js'
import { FateColumn, fateOfRow, type RowFate } from './row-fate.js'
import { readStoredLines, unreadableRow } from './stored-rows.js'

/** Where the row of each id stands in a file: numbers only, however long the rows are. */
export interface RowTable {
  readonly size: number
  /** The row's number, or -1. */
  find(customId: string): number
  idAt(ordinal: number): string
  /** Every id once, in the order of the file. */
  ids(): Iterable<string>
  attemptOf(ordinal: number): number
  fateOf(ordinal: number): RowFate
  /** The row as it stands in the file, line feed included. */
  read(file: OpenFile, ordinal: number): Promise<Buffer>
}

/**
 * Builds the table in one pass. A later row of the same id replaces an earlier one.
 *
 * @param isWanted rows it turns down are left out
 * @throws ReconciliationFailed at a line that is no row.
 */
export async function readRowTable(
  fs: FileSystem,
  path: string,
  isWanted: (row: ResultRow) => boolean = () => true,
): Promise<RowTable> {
  const ids = new IdTable()
  const [offsets, lengths] = [new GrowableColumn(Float64Array), new GrowableColumn(Float64Array)]
  const attempts = new GrowableColumn(Uint32Array)
  const fates = new FateColumn()
  for await (const stored of readStoredLines(fs, path)) {
    if (stored.type === 'unreadable') throw unreadableRow(path, stored.number)
    if (stored.type === 'header' || !isWanted(stored.row)) continue
    const ordinal = ids.add(stored.row.custom_id)
    offsets.set(ordinal, stored.offset)
    lengths.set(ordinal, stored.endOffset - stored.offset)
    attempts.set(ordinal, stored.row.attempt)
    fates.set(ordinal, fateOfRow(stored.row))
  }
  return {
    get size() {
      return ids.size
    },
    find: (customId) => ids.find(customId),
    idAt: (ordinal) => ids.at(ordinal),
    ids: () => idsInOrder(ids),
    attemptOf: (ordinal) => attempts.get(ordinal),
    fateOf: (ordinal) => fates.get(ordinal),
    read: (file, ordinal) => readLineAt(file, offsets.get(ordinal), lengths.get(ordinal)),
  }
}

function* idsInOrder(ids: IdTable): Iterable<string> {
  for (let ordinal = 0; ordinal < ids.size; ordinal += 1) yield ids.at(ordinal)
}
