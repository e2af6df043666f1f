import { basename } from 'node:path'
import type { PriceList } from '../../accounting/usage/price-list.js'
import type { BatchEstimate } from '../../engine/batch-estimate.js'
import { countOf, countText } from '../../units.js'
import { tableLines, type TableColumn, type TableOptions } from './table.js'
import { terminalText } from './terminal-text.js'
import { byPrices, costText, modelsText, unpricedLines } from './usage-text.js'

/** A batch, and the triple or file that it is of. */
export interface EstimatedBatch extends BatchEstimate {
  readonly of: string
}

export const ofFile = (batch: BatchEstimate): EstimatedBatch => ({ ...batch, of: basename(batch.path) })

/** One line for each batch. */
export function estimateTable(
  batches: readonly EstimatedBatch[],
  prices: PriceList | null,
  options: TableOptions,
): Iterable<string> {
  const columns: readonly TableColumn<EstimatedBatch>[] = [
    { title: 'batch of', text: ({ of }) => terminalText(of) },
    { title: 'model', text: ({ model }) => (model === null ? unknown : terminalText(model)) },
    { title: 'endpoint', text: ({ endpoint }) => terminalText(endpoint) },
    { title: 'requests', isNumber: true, text: ({ requests }) => countText(requests) },
    { title: 'input', isNumber: true, text: inputText },
    { title: 'output at most', isNumber: true, text: outputText },
    ...(prices === null ? [] : costColumns(prices)),
  ]
  return tableLines(columns, batches, options)
}

const unknown = '–'

const inputText = ({ input: { tokens, error } }: BatchEstimate): string =>
  error === 0 ? countText(tokens) : `${countText(tokens)} ± ${countText(error)}`

const outputText = ({ output: { most, unbounded } }: BatchEstimate): string =>
  unbounded === 0 ? countText(most) : unknown

const costColumns = ({ currency }: PriceList): readonly TableColumn<EstimatedBatch>[] => [
  { title: `input ${terminalText(currency)}`, isNumber: true, text: ({ cost }) => amountText(cost?.input) },
  { title: `at most ${terminalText(currency)}`, isNumber: true, text: ({ cost }) => amountText(cost?.most) },
]

const amountText = (amount: number | null | undefined): string =>
  amount == null ? unknown : costText(amount)

/** Totals, how sure they are, and what is not in them. */
export function estimateSummary(
  batches: readonly BatchEstimate[],
  prices: PriceList | null,
): readonly string[] {
  if (batches.length === 0) return []
  return [
    totalsLine(batches),
    ...samplingLines(batches),
    ...unboundedLines(batches),
    ...uncountedLines(batches),
    ...foreignLines(batches),
    ...(prices === null ? [] : costLines(batches, prices)),
    'Each message is reckoned with 4 tokens around it; the bill of the server is what counts.',
  ]
}

function totalsLine(batches: readonly BatchEstimate[]): string {
  const [input, output] = [
    sumOf(batches, (one) => one.input.tokens),
    sumOf(batches, (one) => one.output.most),
  ]
  const requests = countOf(
    sumOf(batches, (one) => one.requests),
    'request',
  )
  const of = `${batches.length === 1 ? '1 batch' : `${countText(batches.length)} batches`} of ${requests}`
  return `${of}: ${countText(input)} tokens of input${errorText(batches)}, at most ${countText(output)} of output.`
}

/** Batches are off by chance, each by itself. */
function errorText(batches: readonly BatchEstimate[]): string {
  const error = Math.ceil(Math.sqrt(sumOf(batches, ({ input }) => input.error ** 2)))
  return error === 0 ? '' : ` (± ${countText(error)})`
}

function samplingLines(batches: readonly BatchEstimate[]): readonly string[] {
  const [counted, all] = [sumOf(batches, (one) => one.counted), sumOf(batches, (one) => one.requests)]
  if (counted === all) return []
  return [
    `${countText(counted)} of ${countOf(all, 'request')} were counted and the others reckoned by their length: 19 times in 20 the sum is no further off than ±.`,
  ]
}

function unboundedLines(batches: readonly BatchEstimate[]): readonly string[] {
  const unbounded = sumOf(batches, (one) => one.output.unbounded)
  if (unbounded === 0) return []
  const name = unbounded === 1 ? 'names' : 'name'
  return [
    `Not in it: the output of ${countOf(unbounded, 'request')} that ${name} no most (max_completion_tokens, max_output_tokens for responses).`,
  ]
}

function uncountedLines(batches: readonly BatchEstimate[]): readonly string[] {
  const requests = new Map<string, number>()
  for (const { uncounted } of batches)
    for (const [kind, count] of Object.entries(uncounted))
      requests.set(kind, (requests.get(kind) ?? 0) + count)
  if (requests.size === 0) return []
  const kinds = [...requests].map(([kind, count]) => `${kind} (${countOf(count, 'request')})`)
  return [`Not in it, since nobody can count them here: ${kinds.join(', ')}.`]
}

function foreignLines(batches: readonly BatchEstimate[]): readonly string[] {
  const foreign = batches.filter(({ isOwn }) => !isOwn)
  if (foreign.length === 0) return []
  const [{ encoding } = { encoding: '' }] = foreign
  return [
    `Counted as ${encoding}, which need not be how the model counts: ${modelsText(foreign.map(({ model }) => model))}.`,
  ]
}

function costLines(batches: readonly BatchEstimate[], prices: PriceList): readonly string[] {
  const priced = batches.flatMap(({ cost }) => (cost === null ? [] : [cost]))
  const unpriced = batches.filter(({ cost }) => cost === null).map(({ model }) => model)
  const input = `${costText(sumOf(priced, (cost) => cost.input))} ${terminalText(prices.currency)} for the input`
  const isKnown = priced.every(({ most }) => most !== null)
  const most = costText(sumOf(priced, (cost) => cost.most ?? 0))
  return [
    isKnown
      ? `${input}, at most ${most} with the output, ${byPrices(prices)}.`
      : `${input}, as far as it is counted, ${byPrices(prices)}; nobody can tell the most.`,
    ...unpricedLines(unpriced),
  ]
}

const sumOf = <One>(some: readonly One[], amount: (one: One) => number): number =>
  some.reduce((sum, one) => sum + amount(one), 0)
