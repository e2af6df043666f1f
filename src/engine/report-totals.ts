import { sumOfRows, type RowCounts, type TokenTotals } from '../../machines/index.js'
import { allRows, sumOf } from './failed-for-good-text.js'
import { lineagesOf, tokensOfReport } from './lineage-report.js'
import type { WorkspaceReport, WorkspaceStatus } from './report.js'
import { unconfirmedOf } from './unconfirmed-submission.js'

/** What a command or a pass counted. What it did not is left out. */
export interface Totals {
  /** Triples by `outcome`, of `status` by `state`; kinds of which there are none are left out. */
  readonly triples?: Readonly<Record<string, number>>
  /** Rows by class, each request of a root once. */
  readonly rows?: Readonly<Record<string, number>> | null
  readonly failedForGood?: number
  readonly requestsSent?: number
  readonly tokens?: TokenTotals | null
  readonly unconfirmed?: number
}

/** Every field, `null` for what was not counted: as the last object of `--json` and the signals have them. */
export function totalsJson(totals: Totals): object {
  return {
    triples: totals.triples ?? null,
    rows: totals.rows ?? null,
    failed_for_good: totals.failedForGood ?? null,
    requests_sent: totals.requestsSent ?? null,
    tokens: totals.tokens ?? null,
    unconfirmed: totals.unconfirmed ?? null,
  }
}

export function totalsOfReport(report: WorkspaceReport): Totals {
  const { triples, unconfirmed } = report
  const lineages = lineagesOf(triples)
  const rows = lineages.map((lineage) => lineage.rows)
  return {
    triples: countedBy(triples, ({ outcome }) => outcome.type),
    rows: sumOf(rows, allRows) === 0 ? null : sumOfCounts(rows),
    failedForGood: failedIn(lineages),
    requestsSent: triples.reduce((sum, { requestsSent }) => sum + (requestsSent ?? 0), 0),
    tokens: tokensOfReport(report),
    unconfirmed: unconfirmed.length,
  }
}

export function totalsOfStatus({ triples, tokens, failedForGood: { lineages } }: WorkspaceStatus): Totals {
  return {
    triples: countedBy(triples, ({ state }) => state),
    failedForGood: failedIn(lineages),
    tokens: tokens.totals,
    unconfirmed: unconfirmedOf(triples).length,
  }
}

function failedIn(lineages: readonly { readonly failedForGood: RowCounts }[]): number {
  return lineages.reduce((sum, { failedForGood }) => sum + sumOfRows(failedForGood, 'failed'), 0)
}

/** How many there are of each kind, kinds in the order in which they were met. */
export function countedBy<Item>(
  items: Iterable<Item>,
  kindOf: (item: Item) => string,
): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const item of items) {
    const kind = kindOf(item)
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return Object.fromEntries(counts)
}

function sumOfCounts(rows: readonly RowCounts[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>()
  for (const counts of rows)
    for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count)
  return Object.fromEntries(sums)
}
