import * as fc from 'fast-check'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RawJson } from '../../../src/accounting/json-text/raw-json.js'
import type { Cell, ColumnShape, ColumnType } from '../../../src/engine/export/cells.js'
import { exportFormats, tableWriters, type ExportFormat } from '../../../src/engine/export/format.js'
import { withDirectory } from '../../workspace/support.js'
import { askDuckDb, csvSource, parquetSource, type DuckValue } from './duck-db.js'

/** The client of DuckDB for Node leaves out a byte order mark at the beginning of a text. */
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '"', '\r', '\r\n', ',"', '\0'),
  )
  .map((one) => one.replace(/^\uFEFF+/, ''))

const cells: Readonly<Record<ColumnType, fc.Arbitrary<Cell>>> = {
  text,
  json: fc.json().map((json) => new RawJson(json)),
  integer: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  boolean: fc.boolean(),
  floats: fc
    .array(
      fc.float({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
      { minLength: 1 },
    )
    .map((list) => new RawJson(JSON.stringify(list))),
}
const types = Object.keys(cells) as readonly ColumnType[]
const columns: readonly ColumnShape[] = [
  { name: 'always', type: 'text', isRequired: true },
  ...types.map((type) => ({ name: type, type, isRequired: false })),
]
const row = fc.tuple(text, ...types.map((type) => fc.option(cells[type]))) as fc.Arbitrary<Cell[]>
const table = fc.array(row, { minLength: 1, maxLength: 40 })

async function written(path: string, format: ExportFormat, rows: readonly Cell[][]): Promise<string> {
  const pieces: Uint8Array[] = []
  const sink = async (bytes: Uint8Array): Promise<void> => void pieces.push(Uint8Array.from(bytes))
  const writer = await tableWriters[format](columns, sink, { isForSpreadsheet: false, onFormulas: () => {} })
  await writer.write(rows.slice(0, 3))
  await writer.write(rows.slice(3))
  await writer.finish()
  writeFileSync(path, Buffer.concat(pieces))
  return path
}

/** What a reader that knows types makes of a cell, and what one that knows text alone. */
function typed(cell: Cell, type: ColumnType): DuckValue {
  if (!(cell instanceof RawJson)) return cell
  return type === 'floats' ? (JSON.parse(cell.text) as number[]) : cell.text
}

const plain = (cell: Cell): string | null =>
  cell === null ? null : cell instanceof RawJson ? cell.text : String(cell)

test('DuckDB finds in Parquet and in CSV what was written, and so does JSON.parse in JSON lines', () =>
  withDirectory(async (directory) => {
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const [csv = '', jsonl = '', parquet = ''] = await Promise.all(
          exportFormats.map((format) => written(join(directory, format), format, rows)),
        )
        const found = await askDuckDb(`FROM ${parquetSource(parquet)}`)
        expect(found.map((one) => columns.map(({ name }) => one[name]))).toEqual(
          rows.map((one) => one.map((cell, at) => typed(cell, columns[at]?.type ?? 'text'))),
        )
        const texts = await askDuckDb(`FROM ${csvSource(csv)}`)
        expect(texts.map((one) => columns.map(({ name }) => one[name]))).toEqual(
          rows.map((one) => one.map(plain)),
        )
        const lines = readFileSync(jsonl, 'utf8').trimEnd().split('\n')
        expect(lines).toHaveLength(rows.length)
        for (const [at, line] of lines.entries()) {
          const { always, json, number } = JSON.parse(line) as Record<string, unknown>
          const [wanted, , wantedJson, , wantedNumber] = rows[at] ?? []
          expect([always, number]).toEqual([wanted, wantedNumber])
          expect(json).toEqual(wantedJson instanceof RawJson ? JSON.parse(wantedJson.text) : null)
        }
      }),
      { numRuns: 60 },
    )
  }))
