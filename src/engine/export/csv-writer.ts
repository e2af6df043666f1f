import type { stringify as Stringify, Options } from 'csv-stringify/sync'
import { RawJson } from '../../accounting/json-text/raw-json.js'
import type { ByteSink, Cell, ColumnShape, TableWriter } from './cells.js'

export interface CsvOptions {
  /** Cells that a spreadsheet would take for a formula begin with `'`, and the file with a byte order mark. */
  readonly isForSpreadsheet: boolean
  /** Called with the number of such cells where they stay as they are. */
  readonly onFormulas: (cells: number) => void
}

/**
 * Comma, line feed, UTF-8, names of the columns first. Every text stands in quotes, so that `""` is an empty text and
 * nothing is `null`.
 */
export async function csvWriter(
  columns: readonly ColumnShape[],
  sink: ByteSink,
  options: CsvOptions,
): Promise<TableWriter> {
  const { stringify } = await import('csv-stringify/sync')
  const { isForSpreadsheet, onFormulas } = options
  const names = stringify([columns.map(({ name }) => name)], { escape_formulas: isForSpreadsheet })
  await sink(Buffer.from(`${isForSpreadsheet ? byteOrderMark : ''}${names}`))
  return {
    async write(rows) {
      if (rows.length === 0) return
      const records = rows.map((row) => row.map(fieldOf))
      if (!isForSpreadsheet) onFormulas(formulasIn(records))
      await sink(Buffer.from(textOfRecords(stringify, records, isForSpreadsheet)))
    },
    finish: async () => {},
  }
}

const byteOrderMark = '\uFEFF'

type Field = Exclude<Cell, RawJson>

const fieldOf = (cell: Cell): Field => (cell instanceof RawJson ? cell.text : cell)

function textOfRecords(stringify: typeof Stringify, records: Field[][], isForSpreadsheet: boolean): string {
  const options: Options = {
    quoted_string: true,
    escape_formulas: isForSpreadsheet,
    // `true` and `false`, where the package writes 1 and nothing.
    cast: { boolean: String },
  }
  return stringify(records, options)
}

/** What the package escapes (OWASP, "CSV Injection"). */
const formulaStart = /^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/

function formulasIn(records: readonly (readonly Field[])[]): number {
  let count = 0
  for (const record of records)
    for (const field of record) if (typeof field === 'string' && formulaStart.test(field)) count += 1
  return count
}
