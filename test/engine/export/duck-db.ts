import { DuckDBInstance } from '@duckdb/node-api'

export type DuckValue = string | bigint | number | boolean | null | readonly DuckValue[]

/** Asks DuckDB, which knows nothing of this project, what a file holds: one record a row. */
export async function askDuckDb(sql: string): Promise<readonly Readonly<Record<string, DuckValue>>[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    const reader = await connection.runAndReadAll(sql)
    return reader.getRowObjectsJS() as Record<string, DuckValue>[]
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** A CSV file as DuckDB reads it when told that `""` is no null; every column as text. */
export const csvSource = (path: string): string =>
  `read_csv('${path}', all_varchar = true, header = true, allow_quoted_nulls = false, max_line_size = 40000000, new_line = '\\n')`

export const parquetSource = (path: string): string => `read_parquet('${path}')`

/** Name and type of each column. */
export async function columnTypes(source: string): Promise<Readonly<Record<string, DuckValue>>> {
  const described = await askDuckDb(`DESCRIBE SELECT * FROM ${source}`)
  return Object.fromEntries(described.map((row) => [String(row['column_name']), row['column_type'] ?? null]))
}
