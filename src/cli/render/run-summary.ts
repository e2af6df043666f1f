import { join } from 'node:path'
import type { TripleOutcome } from '../../../machines/index.js'
import type { TripleReport, WorkspaceReport } from '../../engine/report.js'
import { failedRows } from './outcome-table.js'
import { problemText } from './problem-text.js'
import type { Style } from './style.js'
import { terminalText } from './terminal-text.js'
import { countOf, countText } from '../../units.js'

/** The words after a run: problems in full (the first ones), totals, and where everything lies. */
export function runSummary(report: WorkspaceReport, root: string, style: Style): string {
  return [
    ...problemLines(report.triples, style),
    outcomeTotals(report.triples),
    ...requestTotals(report.triples),
    ...places(report.triples, root),
    ...(report.isInterrupted
      ? ['Stopped before every triple came to rest; the next run goes on from here.']
      : []),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

/** The problems of triples, at most twenty in full. */
export function problemLines(
  triples: readonly Pick<TripleReport, 'index' | 'problem'>[],
  style: Style,
): readonly string[] {
  const inTrouble = triples.flatMap(({ index, problem }) => (problem === null ? [] : [{ index, problem }]))
  const shown = inTrouble
    .slice(0, mostProblems)
    .map(({ index, problem }) => problemText(problem, style, terminalText(index)))
  const left = inTrouble.length - shown.length
  return left > 0 ? [...shown, `… and ${countOf(left, 'more problem')}; \`--json\` shows all.`] : shown
}

const mostProblems = 20

function outcomeTotals(triples: readonly TripleReport[]): string {
  if (triples.length === 0) return 'No triples in workdir/: nothing to do.'
  const totals = outcomeWords
    .map(([type, words]) => [triples.filter(({ outcome }) => outcome.type === type).length, words] as const)
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${countText(count)} ${words}`)
  return `${countOf(triples.length, 'triple')}: ${totals.join(', ')}.`
}

const outcomeWords: readonly (readonly [TripleOutcome['type'], string])[] = [
  ['done', 'done'],
  ['pending', 'pending'],
  ['not-submitted', 'not submitted'],
  ['needs-attention', 'waiting for a person'],
  ['failed', 'failed'],
]

function requestTotals(triples: readonly TripleReport[]): readonly string[] {
  const rows = triples.flatMap((triple) => triple.rows ?? [])
  const ok = rows.reduce((sum, row) => sum + row.success, 0)
  const failed = rows.reduce((sum, row) => sum + failedRows(row), 0)
  const again = rows.reduce((sum, row) => sum + row.retryable, 0)
  const fate = again === 0 ? '' : `, ${countText(again)} of them to be sent again`
  return ok + failed === 0
    ? []
    : [`${countOf(ok + failed, 'request')}: ${countText(ok)} ok, ${countText(failed)} failed${fate}.`]
}

function places(triples: readonly TripleReport[], root: string): readonly string[] {
  const at = (...parts: readonly string[]): string => terminalText(join(root, ...parts))
  const hasResults = triples.some(({ resultsPath }) => resultsPath !== null)
  const hasFailures = triples.some(({ rows }) => rows !== null && failedRows(rows) > rows.retryable)
  const hasProofs = triples.some(({ counts }) => counts !== null)
  return [
    ...(hasResults ? [`Results:      ${at('target')}`] : []),
    ...(hasFailures ? [`Failed items: ${at('failed-items')}`] : []),
    ...(hasProofs ? [`Proofs:       ${at('logs', 'batch_accounting_<index>.json')}`] : []),
  ]
}
