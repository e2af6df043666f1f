import { resolve } from 'node:path'
import { reconciliationError } from '../../errors.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { ReportEvent } from '../events.js'
import type { Choices } from '../parse-options.js'
import { withReadingRun } from '../run.js'
import { exportColumns } from './columns.js'
import { fieldColumns, parseField, type ExportField } from './fields.js'
import { formatOf, type ExportFormat } from './format.js'
import { requireTarget } from './target.js'
import { writeExport, type ExportReport, type ExportTarget } from './write-export.js'

export interface ExportOptions {
  /** Unless set, what the name of the file ends in: `.csv`, `.jsonl`, `.parquet`. */
  readonly format?: ExportFormat | undefined
  /** Columns with the url and the body of each request. Off unless set. */
  readonly shouldJoinRequests?: boolean | undefined
  /** Leave out requests that are still under way. Off unless set. */
  readonly shouldSkipPending?: boolean | undefined
  /** Members of JSON answers that get a column of their own, such as `year:integer`, `address.city`, `town=address.city`. */
  readonly fields?: readonly string[] | undefined
  /** Replace a file that stands at the path. Off unless set. */
  readonly shouldOverwrite?: boolean | undefined
  /** CSV that people open in a spreadsheet: nothing in it is taken for a formula. Changes texts; off unless set. */
  readonly isForSpreadsheet?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ReportEvent | undefined
}

/**
 * Writes one row for each request of the root triples, finished or not, as a table. Reads only, needs no lock and works
 * beside a run: each lineage is as it stands when it is read. The file is whole under its name or not there at all.
 * Memory is bounded, whatever the size.
 *
 * @param path of the file to write; relative to the current directory
 * @throws WrongUsage when the file stands already, or may not stand there; ReconciliationFailed when results are damaged
 * @example await exportResults(workspace, './answers.parquet', { fields: ['name', 'year:integer'] })
 */
export function exportResults(
  workspace: BatchWorkspace,
  path: string,
  options: ExportOptions = {},
): Promise<ExportReport> {
  return withReadingRun(workspace, options, async (run, choices) => {
    if (typeof path !== 'string' || path === '') throw noPath()
    const target = resolve(path)
    const format = formatOf(target, choices.format)
    const table = tableOf(choices)
    await requireTarget(run.workspace, target, choices.shouldOverwrite)
    return writeExport(run, choices, { path: target, format, ...table })
  })
}

function tableOf({ shouldJoinRequests, fields: texts }: Choices): Pick<ExportTarget, 'columns' | 'fields'> {
  const wanted = texts.flatMap((text) => parseField(text) ?? [])
  const fields = fieldColumns(wanted)
  const columns = [...exportColumns(shouldJoinRequests), ...fields]
  // Databases take two names for one where only their case differs.
  const names = columns.map(({ name }) => name.toLowerCase())
  const twice = wanted.findLast(({ column }) => {
    const name = column.toLowerCase()
    return names.indexOf(name) !== names.lastIndexOf(name)
  })
  if (twice !== undefined) throw isCalledTwice(twice)
  return { columns, fields }
}

function isCalledTwice({ column, path, type }: ExportField): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message: `Two columns of the export are called ${column}.`,
    hint: `Give the field another name, such as content_${column}=${path.join('.')}:${type}. Nothing was written.`,
  })
}

function noPath(): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message: 'The export has no path to be written to.',
    hint: 'Give the path of a file as the second argument. Nothing was touched.',
  })
}
