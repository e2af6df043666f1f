import type { ExportReport } from '../../engine/export/write-export.js'
import { bytesText, countOf } from '../../units.js'
import type { ExportFlags } from '../export-route.js'
import { terminalText } from './terminal-text.js'

/** What an export wrote, as `--json` prints it (`docs/cli.md`). Fields may be added, never renamed. */
export function exportJson(report: ExportReport): object {
  return {
    path: report.path,
    format: report.format,
    bytes: report.bytes,
    rows: report.rows,
    pending: report.pending,
    left_out: report.leftOut,
    fields: report.fields,
    formulas: report.formulas,
    warnings: report.warnings,
  }
}

/** What an export wrote, in sentences. */
export function exportSummary(report: ExportReport, flags: Pick<ExportFlags, 'skipPending'>): string {
  const { path, bytes, rows } = report
  const lines = [
    `${countOf(rows, 'row')} written to ${path} (${bytesText(bytes)}).`,
    ...pendingLines(report, flags),
    ...report.fields.flatMap(fieldLines),
    ...formulaLines(report),
  ]
  return lines.map((line) => `${terminalText(line)}\n`).join('')
}

function pendingLines({ pending }: ExportReport, { skipPending }: Pick<ExportFlags, 'skipPending'>) {
  if (pending === 0) return []
  const verb = pending === 1 ? 'is' : 'are'
  const then = skipPending === true ? `${pending === 1 ? 'it has' : 'they have'} no row` : 'the rows say so'
  return [`${countOf(pending, 'request')} ${verb} still under way; ${then}.`]
}

function fieldLines({ column, filled, misfits }: ExportReport['fields'][number]): readonly string[] {
  if (misfits > 0) {
    const values = countOf(misfits, 'value')
    return [
      `${values} of ${column} ${misfits === 1 ? 'is' : 'are'} of another type: null there, whole in content.`,
    ]
  }
  return filled > 0 ? [] : [`No row has a value of ${column}.`]
}

/** Exact by itself, because an id with a sign put before it is another id. */
function formulaLines({ formulas }: ExportReport): readonly string[] {
  if (formulas === 0) return []
  const cells = `${countOf(formulas, 'cell')} ${formulas === 1 ? 'begins' : 'begin'}`
  return [`${cells} like a formula of a spreadsheet. Add --spreadsheet when people open the file in one.`]
}
