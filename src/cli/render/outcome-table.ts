import { sumOfRows, type RowCounts, type TripleOutcome } from '../../../machines/index.js'
import type { TripleReport } from '../../engine/report.js'
import type { Style } from './style.js'
import { tableLines, type TableColumn, type TableOptions } from './table.js'
import { terminalText } from './terminal-text.js'
import { unconfirmedAdvice } from './unconfirmed-text.js'
import { countText } from '../../units.js'

/** What a run came to, one line for each triple. `–` stands for what was not looked at. */
export function outcomeTable(reports: readonly TripleReport[], options: TableOptions): Iterable<string> {
  const indicesSent = new Set(reports.filter(wasSent).map(({ index }) => index))
  return tableLines(outcomeColumns(options.style, indicesSent), reports, options)
}

/** Colours an outcome's name by how much it wants from the reader. */
export function paintOutcome(outcome: string, text: string, style: Style): string {
  if (outcome === 'done' || outcome === 'proven') return style.good(text)
  if (outcome === 'failed') return style.bad(text)
  return outcome === 'needs-attention' ? style.careful(text) : text
}

/** Rows that are no success, whatever the reason. */
export function failedRows(rows: RowCounts): number {
  return sumOfRows(rows, 'failed')
}

export const unknownCount = '–'

const wasSent = ({ outcome, remoteStatus }: TripleReport): boolean =>
  outcome.type === 'done' || outcome.type === 'pending' || remoteStatus !== null

function outcomeColumns(
  style: Style,
  indicesSent: ReadonlySet<string>,
): readonly TableColumn<TripleReport>[] {
  return [
    { title: 'index', text: ({ index }) => terminalText(index) },
    {
      title: 'outcome',
      text: ({ outcome }) => outcome.type,
      paint: ({ outcome }, cell) => paintOutcome(outcome.type, cell, style),
    },
    { title: 'state', text: ({ state }) => state },
    number('requests', ({ counts }) => counts?.input),
    number('ok', (report) => processedRows(report)?.success),
    number('failed', (report) => {
      const rows = processedRows(report)
      return rows === null ? null : failedRows(rows)
    }),
    number('missing', ({ counts }) => counts?.missing),
    { title: 'what to do', text: (report) => terminalText(whatToDo(report, indicesSent)) },
  ]
}

function number(
  title: string,
  countIn: (report: TripleReport) => number | null | undefined,
): TableColumn<TripleReport> {
  const text = (report: TripleReport): string => {
    const count = countIn(report)
    return count === null || count === undefined ? unknownCount : countText(count)
  }
  return { title, isNumber: true, text }
}

/** A triple that came to a stop before its rows has counted none, which is not the same as zero. */
function processedRows({ outcome, rows }: TripleReport): RowCounts | null {
  const isUntouched = rows !== null && rows.success + failedRows(rows) === 0
  return isUntouched && outcome.type !== 'done' ? null : rows
}

function whatToDo({ outcome, rows, unconfirmed }: TripleReport, indicesSent: ReadonlySet<string>): string {
  switch (outcome.type) {
    case 'done':
      if (outcome.note !== undefined) return outcome.note
      return outcome.retryIndex === null ? failedText(rows) : retryText(outcome.retryIndex, indicesSent)
    case 'not-submitted':
      if (unconfirmed !== null) return unconfirmedAdvice
      return outcome.note ?? 'not sent to a server yet; `run --submit` with a key sends it'
    case 'pending':
      return pendingText(outcome)
    case 'needs-attention':
    case 'failed':
      return outcome.problem.hint ?? outcome.problem.message
  }
}

function failedText(rows: RowCounts | null): string {
  const failed = rows === null ? 0 : failedRows(rows) - rows.retryable
  return failed === 0 ? '' : `${countText(failed)} failed for good`
}

function retryText(retryIndex: string, indicesSent: ReadonlySet<string>): string {
  const isSent = indicesSent.has(retryIndex)
  return isSent ? `failed requests were sent again as ${retryIndex}` : `failed requests wait as ${retryIndex}`
}

function pendingText({ remoteStatus, problem }: Extract<TripleOutcome, { type: 'pending' }>): string {
  if (problem !== null) return problem.hint ?? problem.message
  return remoteStatus === null ? 'run again later' : `the server says ${remoteStatus}; run again later`
}
