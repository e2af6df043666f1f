import { join } from 'node:path'
import type { TripleOutcome } from '../../../machines/index.js'
import { failedForGoodOf } from '../../accounting/results/lineage-rows.js'
import { lineagesOf, tokensOfReport, type LineageReport } from '../../engine/lineage-report.js'
import { totalsLines } from '../../engine/tokens-text.js'
import type { TripleReport, WorkspaceReport } from '../../engine/report.js'
import { attemptCost } from './attempt-cost.js'
import { allRows, classesText, sumOf } from '../../engine/failed-for-good-text.js'
import { failedForGoodLines } from './lineage-text.js'
import { failedRows } from './outcome-table.js'
import { nothingText } from './nothing-text.js'
import { problemLines } from './problem-lines.js'
import type { Style } from './style.js'
import { terminalText } from './terminal-text.js'
import { unconfirmedLines } from './unconfirmed-text.js'
import { countOf, countText } from '../../units.js'

/** The words after a run: problems, totals, and where everything lies. */
export function runSummary(report: WorkspaceReport, root: string, style: Style): string {
  const lineages = lineagesOf(report.triples)
  return [
    ...problemLines(report.triples, style),
    ...outcomeTotals(report),
    ...unconfirmedLines(report.unconfirmed, report.triples, root),
    ...requestTotals(lineages, root),
    ...totalsLines(tokensOfReport(report), 'their answers'),
    ...places(report.triples, root),
    ...(report.isInterrupted
      ? ['Stopped before every triple came to rest; the next run goes on from here.']
      : []),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

function outcomeTotals({
  triples,
  unconfirmed,
  isInterrupted,
  warnings,
}: WorkspaceReport): readonly string[] {
  // A stop, or a submission that nobody knows the end of, is not nothing: it has words of its own.
  const isNothing = unconfirmed.length === 0 && !isInterrupted
  if (triples.length === 0) return isNothing ? [nothingText(warnings.length)] : []
  const totals = outcomeWords
    .map(([type, words]) => [triples.filter((triple) => totalOf(triple) === type).length, words] as const)
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${countText(count)} ${words}`)
  return [`${countOf(triples.length, 'triple')}: ${totals.join(', ')}.`]
}

type Total = TripleOutcome['type'] | 'not-confirmed'

function totalOf({ outcome: { type }, unconfirmed }: TripleReport): Total {
  return type === 'not-submitted' && unconfirmed !== null ? 'not-confirmed' : type
}

const outcomeWords: readonly (readonly [Total, string])[] = [
  ['done', 'done'],
  ['pending', 'pending'],
  ['not-submitted', 'not submitted'],
  ['not-confirmed', 'not confirmed'],
  ['needs-attention', 'waiting for a person'],
  ['failed', 'failed'],
]

/** Each request of a root once, whatever attempts it took; then what these cost, and what has no way on by itself. */
function requestTotals(lineages: readonly LineageReport[], root: string): readonly string[] {
  const rows = lineages.map((lineage) => lineage.rows)
  const total = sumOf(rows, allRows)
  if (total === 0) return []
  const again = sumOf(rows, ({ retryable }) => retryable)
  const fate = again === 0 ? '' : `, ${countText(again)} of them to be sent again`
  return [
    `${countOf(total, 'request')}: ${classesText(rows)}${fate}.`,
    ...attemptCost(lineages),
    // What somebody stopped is told with its triple, by the run that found it so.
    ...failedForGoodLines(
      lineages.filter((lineage) => failedForGoodOf(lineage) > 0),
      root,
    ),
  ]
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
