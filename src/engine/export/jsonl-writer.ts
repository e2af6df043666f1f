import { RawJson } from '../../accounting/json-text/raw-json.js'
import type { ByteSink, Cell, ColumnShape, TableWriter } from './cells.js'

/** One object a line with every column in it; JSON stands in it as JSON. */
export function jsonlWriter(columns: readonly ColumnShape[], sink: ByteSink): TableWriter {
  const keys = columns.map(({ name }, position) => `${position === 0 ? '{' : ','}${JSON.stringify(name)}:`)
  const lineOf = (row: readonly Cell[]): string => {
    let line = ''
    for (const [position, key] of keys.entries()) line += key + jsonOf(row[position] ?? null)
    return `${line}}\n`
  }
  return {
    async write(rows) {
      if (rows.length > 0) await sink(Buffer.from(rows.map(lineOf).join('')))
    },
    finish: async () => {},
  }
}

function jsonOf(cell: Cell): string {
  if (cell instanceof RawJson) return cell.text
  return typeof cell === 'bigint' ? String(cell) : JSON.stringify(cell)
}
