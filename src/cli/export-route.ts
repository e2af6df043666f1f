import { buildCommand } from '@stricli/core'
import type { ExportFormat } from '../engine/export/format.js'
import type { CommandLineContext } from './context.js'
import { described } from './described.js'
import { onOff, parsePath } from './parameters.js'
import { workspace, type LookFlags, type WorkspaceArgument } from './routes.js'

export type ExportFlags = LookFlags & {
  readonly out: string
  readonly format?: ExportFormat
  readonly field?: readonly string[]
  readonly withRequest?: boolean
  readonly skipPending?: boolean
  readonly spreadsheet?: boolean
  readonly overwrite?: boolean
}

export const exportRoute = buildCommand<ExportFlags, WorkspaceArgument, CommandLineContext>({
  loader: async () => (await import('./commands/export.js')).exportTable,
  parameters: {
    positional: workspace,
    flags: {
      out: { kind: 'parsed', brief: 'File to write', placeholder: 'file', parse: parsePath },
      format: {
        kind: 'enum',
        brief: 'Format of the file; what its name ends in unless given',
        values: ['csv', 'jsonl', 'parquet'],
        optional: true,
      },
      field: {
        kind: 'parsed',
        brief: 'A column for a member of JSON answers, such as year:integer; may be repeated',
        placeholder: 'field',
        parse: parseText,
        variadic: true,
        optional: true,
      },
      withRequest: { ...onOff, brief: 'Add columns with the url and the body of each request' },
      skipPending: { ...onOff, brief: 'Leave out requests that are still under way' },
      spreadsheet: {
        ...onOff,
        brief: 'CSV for a spreadsheet: nothing in it is taken for a formula',
      },
      overwrite: { ...onOff, brief: 'Replace the file when it stands already' },
      json: { ...onOff, brief: 'One JSON object on stdout that tells what was written' },
    },
  },
  docs: {
    brief: 'Write the results of all triples as one table',
    fullDescription: described(
      'Writes one row for each request of the root triples, finished or not, as CSV, JSON lines or Parquet. The columns and their types are the same whatever the rows hold. Reads only, and works beside a run. The file is whole under its name or not there at all.',
      [
        'export ./batches --out answers.parquet',
        'export ./batches --out answers.csv --with-request --field name --field year:integer',
      ],
    ),
  },
})

/** Judged by the command: what a field may be is not loaded to show help. */
function parseText(input: string): string {
  return input
}
