import { costOf, type PriceList } from '../../accounting/usage/price-list.js'
import { tokenKinds, type TokenCounts } from '../../../machines/index.js'
import { totalsOf, type ModelUsage } from '../../accounting/usage/usage-tally.js'
import type { WorkspaceUsage } from '../../engine/workspace-usage.js'
import { tokensText, untoldLines } from '../../engine/tokens-text.js'
import { countOf, countText } from '../../units.js'
import { problemLines } from './problem-lines.js'
import type { Style } from './style.js'
import { tableLines, type TableColumn, type TableOptions } from './table.js'
import { terminalText } from './terminal-text.js'

/** One line of usage: of a model in the whole workspace, or in one lineage. */
export interface UsageRow extends ModelUsage {
  /** `null` for the whole workspace. */
  readonly rootIndex: string | null
  /** In the currency of the prices; `null` without a price. */
  readonly cost: number | null
}

/** The lines of a workspace. */
export function usageRows(
  found: WorkspaceUsage,
  by: 'model' | 'lineage',
  prices: PriceList | null,
): readonly UsageRow[] {
  const parts = by === 'model' ? [{ rootIndex: null, models: found.models }] : found.lineages
  return parts.flatMap(({ rootIndex, models }) =>
    models.map((one) => ({ ...one, rootIndex, cost: prices === null ? null : costOf(one, prices) })),
  )
}

/** What `--json` prints of a line. */
export function usageJson(
  { rootIndex, model, endpoint, answers, tokens, cost }: UsageRow,
  prices: PriceList | null,
) {
  return {
    root_index: rootIndex,
    model,
    endpoint,
    answers,
    input_tokens: tokens.input,
    cached_tokens: tokens.cached,
    output_tokens: tokens.output,
    reasoning_tokens: tokens.reasoning,
    cost,
    currency: prices?.currency ?? null,
  }
}

export function usageTable(
  rows: readonly UsageRow[],
  by: 'model' | 'lineage',
  prices: PriceList | null,
  options: TableOptions,
): Iterable<string> {
  const columns: readonly TableColumn<UsageRow>[] = [
    ...(by === 'lineage' ? [{ title: 'root', text: nameOf('rootIndex') }] : []),
    { title: 'model', text: nameOf('model') },
    { title: 'endpoint', text: nameOf('endpoint') },
    { title: 'answers', isNumber: true, text: ({ answers }) => countText(answers) },
    ...tokenKinds.map(tokenColumn),
    ...(prices === null ? [] : [costColumn(prices)]),
  ]
  return tableLines(columns, rows, options)
}

const tokenColumn = (title: keyof TokenCounts): TableColumn<UsageRow> => ({
  title,
  isNumber: true,
  text: (row) => countText(row.tokens[title]),
})

const unknown = '–'

const nameOf =
  (field: 'rootIndex' | 'model' | 'endpoint') =>
  (row: UsageRow): string =>
    row[field] === null ? unknown : terminalText(row[field])

const costColumn = ({ currency }: PriceList): TableColumn<UsageRow> => ({
  title: terminalText(currency),
  isNumber: true,
  text: ({ cost }) => (cost === null ? unknown : costText(cost)),
})

/** Batches of small models cost fractions of a cent. */
export const costText = (cost: number): string => {
  const [whole = '', digits = ''] = cost.toFixed(4).split('.')
  return `${countText(Number(whole))}.${digits}`
}

/** Totals, what nobody can tell, and what has no price. */
export function usageSummary(found: WorkspaceUsage, prices: PriceList | null, style: Style): string {
  const { models, lineages, untold, problems } = found
  const answers = models.reduce((sum, one) => sum + one.answers, 0)
  const total = `${countOf(answers, 'answer')} of ${countOf(lineages.length, 'lineage')}: ${tokensText(totalsOf(found))}.`
  return [
    ...problemLines(problems, style),
    answers + untold === 0 ? 'No answers: nothing was paid for that is here.' : total,
    ...untoldLines(untold),
    ...(prices === null ? [] : costLines(models, prices)),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

function costLines(models: readonly ModelUsage[], prices: PriceList): readonly string[] {
  const costs = models.map((one) => ({ model: one.model, cost: costOf(one, prices) }))
  const total = costs.reduce((sum, { cost }) => sum + (cost ?? 0), 0)
  const unpriced = costs.flatMap(({ model, cost }) => (cost === null ? [model] : []))
  return [
    `${costText(total)} ${terminalText(prices.currency)} ${byPrices(prices)}.`,
    ...unpricedLines(unpriced),
  ]
}

/** `by prices of 2026-11-26, of which batches pay 0.5`. */
export const byPrices = ({ as_of: day, batch_factor: factor }: PriceList): string =>
  `by prices of ${day}, of which batches pay ${factor}`

/** What is in no sum of money; nothing where everything is. */
export function unpricedLines(models: readonly (string | null)[]): readonly string[] {
  return models.length === 0 ? [] : [`Not in it, for want of a price: ${modelsText(models)}.`]
}

/** Their names, each once, a few of them. */
export function modelsText(models: readonly (string | null)[]): string {
  const names = [...new Set(models.map((model) => model ?? 'no name'))]
  const named = names.slice(0, mostNamed).map(terminalText).join(', ')
  return names.length > mostNamed ? `${named} and ${countText(names.length - mostNamed)} more` : named
}

const mostNamed = 5
