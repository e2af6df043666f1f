import { extname } from 'node:path'
import { reconciliationError } from '../../errors.js'
import type { ByteSink, ColumnShape, TableWriter } from './cells.js'

export const exportFormats = ['csv', 'jsonl', 'parquet'] as const
export type ExportFormat = (typeof exportFormats)[number]

export interface FormatOptions {
  readonly isForSpreadsheet: boolean
  readonly onFormulas: (cells: number) => void
}

type MakeWriter = (
  columns: readonly ColumnShape[],
  sink: ByteSink,
  options: FormatOptions,
) => Promise<TableWriter>

/** Each is loaded when it is asked for: the packages of the others are not. */
export const tableWriters: Readonly<Record<ExportFormat, MakeWriter>> = {
  csv: async (columns, sink, options) => (await import('./csv-writer.js')).csvWriter(columns, sink, options),
  jsonl: async (columns, sink) => (await import('./jsonl-writer.js')).jsonlWriter(columns, sink),
  parquet: async (columns, sink) => (await import('./parquet-writer.js')).parquetWriter(columns, sink),
}

/**
 * The format that was asked for, or that the name of the file ends in.
 *
 * @throws WrongUsage when neither says it
 */
export function formatOf(path: string, asked: ExportFormat | undefined): ExportFormat {
  const ending = extname(path).slice(1).toLowerCase()
  const format = asked ?? exportFormats.find((one) => one === ending)
  if (format !== undefined) return format
  throw reconciliationError({
    code: 'WrongUsage',
    message: `The name of ${path} does not tell the format; ${exportFormats.map((one) => `.${one}`).join(', ')} do.`,
    hint: `Name a format: ${exportFormats.map((one) => `--format ${one}`).join(', ')}. Nothing was touched.`,
    facts: { path },
  })
}
