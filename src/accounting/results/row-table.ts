import type { FileSystem } from '../../workspace/file-system.js'
import { GrowableColumn } from '../growable-column.js'
import { IdTable } from '../id-table.js'
import type { ResultRow } from '../rows/result-row.js'
import { FateColumn, fateOfRow, type RowFate } from './row-fate.js'
import { readStoredLines, unreadableRow } from './stored-rows.js'

/** Where the row of each id stands in a file: numbers only, however long the rows are. */
export interface RowTable {
  readonly size: number
  /** Where the last row ends in the file; 0 when there is none. */
  readonly endOffset: number
  /** The row's number, or -1. */
  find(customId: string): number
  idAt(ordinal: number): string
  /** Every id once, in the order of the file. */
  ids(): Iterable<string>
  offsetOf(ordinal: number): number
  /** In bytes, line feed included. */
  lengthOf(ordinal: number): number
  attemptOf(ordinal: number): number
  fateOf(ordinal: number): RowFate
}

/** What the table says of a row. */
export interface TabledRow {
  readonly offset: number
  readonly length: number
  readonly attempt: number
  readonly fate: RowFate
}

/** A table that grows row by row. A later row of the same id replaces an earlier one. */
export class GrowingRowTable implements RowTable {
  endOffset = 0
  readonly #ids = new IdTable()
  readonly #offsets = new GrowableColumn(Float64Array)
  readonly #lengths = new GrowableColumn(Uint32Array)
  readonly #attempts = new GrowableColumn(Uint32Array)
  readonly #fates = new FateColumn()

  get size(): number {
    return this.#ids.size
  }

  add(customId: string, row: TabledRow): void {
    this.#keep(this.#ids.add(customId), row)
  }

  /** The same for an id in UTF-8 whose hash is known. */
  addBytes(bytes: Uint8Array, start: number, end: number, hash: number, row: TabledRow): void {
    this.#keep(this.#ids.addBytes(bytes, start, end, hash), row)
  }

  find(customId: string): number {
    return this.#ids.find(customId)
  }

  findBytes(bytes: Uint8Array, start: number, end: number, hash: number): number {
    return this.#ids.findBytes(bytes, start, end, hash)
  }

  idAt(ordinal: number): string {
    return this.#ids.at(ordinal)
  }

  *ids(): Iterable<string> {
    for (let ordinal = 0; ordinal < this.size; ordinal += 1) yield this.idAt(ordinal)
  }

  offsetOf(ordinal: number): number {
    return this.#offsets.get(ordinal)
  }

  lengthOf(ordinal: number): number {
    return this.#lengths.get(ordinal)
  }

  attemptOf(ordinal: number): number {
    return this.#attempts.get(ordinal)
  }

  fateOf(ordinal: number): RowFate {
    return this.#fates.get(ordinal)
  }

  #keep(ordinal: number, { offset, length, attempt, fate }: TabledRow): void {
    this.#offsets.set(ordinal, offset)
    this.#lengths.set(ordinal, length)
    this.#attempts.set(ordinal, attempt)
    this.#fates.set(ordinal, fate)
    this.endOffset = offset + length
  }
}

/**
 * Builds the table in one pass.
 *
 * @param isWanted rows it turns down are left out
 * @throws ReconciliationFailed at a line that is no row.
 */
export async function readRowTable(
  fs: FileSystem,
  path: string,
  isWanted: (row: ResultRow) => boolean = () => true,
): Promise<RowTable> {
  const table = new GrowingRowTable()
  for await (const stored of readStoredLines(fs, path)) {
    if (stored.type === 'unreadable') throw unreadableRow(path, stored.number)
    if (stored.type === 'header' || !isWanted(stored.row)) continue
    const { row, offset, endOffset } = stored
    const { custom_id: customId, attempt } = row
    table.add(customId, { offset, length: endOffset - offset, attempt, fate: fateOfRow(row) })
  }
  return table
}
