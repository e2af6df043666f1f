import { sumOfTotals, type TokenTotals } from '../../machines/index.js'
import { readLineageRows, type LineageRows } from '../accounting/results/lineage-rows.js'
import { inTurn } from '../workspace/in-turn.js'
import type { TripleReport, WorkspaceReport } from './report.js'
import type { Run } from './run.js'

/** Sets what the run knows of the triple's lineage now. */
export function withLineage(
  { lineages }: Pick<Run, 'lineages'>,
  report: Omit<TripleReport, 'lineageRows' | 'failedForGood'> & Partial<TripleReport>,
): TripleReport {
  const known = lineages.of(report.rootIndex)
  const lineageRows = known?.rows ?? null
  const failedForGood = known?.failedForGood ?? null
  return isSo(report, { lineageRows, failedForGood }) ? report : { ...report, lineageRows, failedForGood }
}

/** A hundred thousand reports that say so already are not made again. */
function isSo(
  report: Omit<TripleReport, 'lineageRows' | 'failedForGood'> & Partial<TripleReport>,
  { lineageRows, failedForGood }: Pick<TripleReport, 'lineageRows' | 'failedForGood'>,
): report is TripleReport {
  return report.lineageRows === lineageRows && report.failedForGood === failedForGood
}

/** A run that only finishes a move writes no results: they are counted as they stand, once. */
export async function knowLineage(
  { workspace, lineages }: Pick<Run, 'workspace' | 'lineages'>,
  rootIndex: string,
  resultsPath: string | null,
): Promise<void> {
  if (resultsPath === null) return
  await inTurn(resultsPath, async () => {
    if (lineages.of(rootIndex) !== null) return
    // Damaged results are for `verify` to tell; nothing is counted then.
    const rows = await readLineageRows(workspace.fileSystem, resultsPath).catch(() => null)
    if (rows !== null) lineages.note(rootIndex, rows)
  })
}

/** What one lineage came to, as far as the triples of a report tell. */
export interface LineageReport extends LineageRows {
  readonly rootIndex: string
  /** Its triples in the report, in the report's order. */
  readonly triples: readonly TripleReport[]
}

/** What the answers of all triples of a report took, of every attempt among them; `null` where none were counted. */
export function tokensOfReport({ triples }: Pick<WorkspaceReport, 'triples'>): TokenTotals | null {
  return sumOfTotals(triples.map(({ tokens }) => tokens))
}

/** Each lineage of these triples whose final rows are known, once. */
export function lineagesOf(triples: readonly TripleReport[]): readonly LineageReport[] {
  const found = new Map<string, LineageReport & { readonly triples: TripleReport[] }>()
  for (const report of triples) {
    const { rootIndex, lineageRows: rows, failedForGood } = report
    if (rows === null || failedForGood === null) continue
    const lineage = found.get(rootIndex) ?? { rootIndex, rows, failedForGood, triples: [] }
    lineage.triples.push(report)
    found.set(rootIndex, lineage)
  }
  return [...found.values()]
}
