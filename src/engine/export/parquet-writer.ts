import type { ColumnSource, SchemaElement } from 'hyparquet-writer'
import { RawJson } from '../../accounting/json-text/raw-json.js'
import type { ByteSink, Cell, ColumnShape, ColumnType, TableWriter } from './cells.js'

/**
 * Parquet in row groups of some 8 MB, which are held in memory one at a time; compressed with Snappy. Of each group its
 * description stays until the end of the file: about 14 KB.
 */
export async function parquetWriter(columns: readonly ColumnShape[], sink: ByteSink): Promise<TableWriter> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer')
  const bytes = new ByteWriter()
  const file = new ParquetWriter({
    writer: bytes,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.flatMap(schemaOf)],
    statistics: false,
    createdBy: 'batch-reconciler',
  })
  let group = emptyGroup(columns)
  const drain = async (): Promise<void> => {
    if (bytes.index > 0) await sink(bytes.getBytes())
    bytes.index = 0
  }
  const writeGroup = async (): Promise<void> => {
    if (group.rows === 0) return
    const columnData = columns.map((column, position) => sourceOf(column, group.data[position] ?? []))
    await file.write({ columnData, rowGroupSize: group.rows })
    group = emptyGroup(columns)
    await drain()
  }
  return {
    async write(rows) {
      for (const row of rows) {
        addTo(group, row, columns)
        if (group.bytes >= groupBytes || group.rows >= groupRows) await writeGroup()
      }
    },
    async finish() {
      await writeGroup()
      await file.finish()
      await drain()
    },
  }
}

/** In memory, as far as it can be told from the values. */
const groupBytes = 8 * 1024 * 1024
const groupRows = 100_000
/** A number of a list with both its levels, in lists that grow by half. */
const floatBytes = 24
const cellBytes = 16
const bufferBytes = 128

interface RowGroup {
  readonly data: readonly unknown[][]
  rows: number
  bytes: number
}

function emptyGroup(columns: readonly ColumnShape[]): RowGroup {
  return { data: columns.map(() => []), rows: 0, bytes: 0 }
}

function addTo(group: RowGroup, row: readonly Cell[], columns: readonly ColumnShape[]): void {
  for (const [position, { type }] of columns.entries()) {
    const value = valueOf(row[position] ?? null, type)
    group.data[position]?.push(value)
    group.bytes += sizeOf(value)
  }
  group.rows += 1
}

/** The text of JSON is cut out of a row, and would hold the whole row in memory: its bytes are copied. */
function valueOf(cell: Cell, type: ColumnType): unknown {
  if (!(cell instanceof RawJson)) return cell
  return type === 'floats' ? JSON.parse(cell.text) : Buffer.from(cell.text)
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return cellBytes + value.length
  if (Buffer.isBuffer(value)) return bufferBytes + value.byteLength
  return Array.isArray(value) ? cellBytes + value.length * floatBytes : cellBytes
}

function schemaOf({ name, type, isRequired }: ColumnShape): SchemaElement[] {
  const repetition = isRequired ? 'REQUIRED' : 'OPTIONAL'
  if (type !== 'floats') return [{ name, repetition_type: repetition, ...physicalTypes[type] }]
  return [
    { name, repetition_type: repetition, num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'REQUIRED', type: 'FLOAT' },
  ]
}

const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const
const physicalTypes = {
  text,
  json: text,
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
} as const satisfies Record<Exclude<ColumnType, 'floats'>, Partial<SchemaElement>>

/** Numbers of vectors are seldom the same twice: to look for those that are would hold all of them once more. */
function sourceOf({ name, type }: ColumnShape, data: unknown[]): ColumnSource {
  return { name, data, offsetIndex: false, ...(type === 'floats' ? { encoding: 'PLAIN' } : {}) }
}
