import type { FileSystem, OpenFile } from '../../workspace/file-system.js'
import { fateOfRow, type RowFate } from './row-fate.js'
import type { RowTable } from './row-table.js'
import { RowWindow } from './row-window.js'
import { loadRowParser, readWholeRows, unreadableRow, type AttemptRow } from './stored-rows.js'

/** A row, and its bytes: a view that lives until the next row is asked for. */
export interface ChosenRow {
  readonly row: AttemptRow
  readonly bytes: Buffer
}

/**
 * The rows of a file whose fate is wanted, in its order. Where it is known what became of each row, and where it stands,
 * no other row is read.
 *
 * @throws ReconciliationFailed at a line that is no row.
 */
export async function* readRowsOf(
  fs: FileSystem,
  path: string,
  table: RowTable | null,
  isWanted: (fate: RowFate) => boolean,
): AsyncGenerator<ChosenRow, void, undefined> {
  if (table !== null) yield* readTabled(fs, path, table, isWanted)
  else for await (const stored of readWholeRows(fs, path)) if (isWanted(fateOfRow(stored.row))) yield stored
}

async function* readTabled(
  fs: FileSystem,
  path: string,
  table: RowTable,
  isWanted: (fate: RowFate) => boolean,
): AsyncGenerator<ChosenRow, void, undefined> {
  const parseRow = await loadRowParser()
  let file: OpenFile | null = null
  try {
    let window: RowWindow | null = null
    for (const ordinal of ordinalsOf(table, isWanted)) {
      file ??= await fs.open(path, 'read')
      window ??= new RowWindow(file)
      const bytes = await window.read(table.offsetOf(ordinal), table.lengthOf(ordinal))
      const row = parseRow(bytes.toString())
      if (row === null) throw unreadableRow(path, ordinal)
      yield { row, bytes }
    }
  } finally {
    await file?.close()
  }
}

function* ordinalsOf(table: RowTable, isWanted: (fate: RowFate) => boolean): Generator<number, void> {
  for (let ordinal = 0; ordinal < table.size; ordinal += 1) if (isWanted(table.fateOf(ordinal))) yield ordinal
}
