import { readFile } from 'node:fs/promises'
import { reconciliationError } from '../../errors.js'
import { onFirstUse } from '../../on-first-use.js'
import { asFileProblem } from '../../workspace/file-problem.js'
import type { ModelPrices, PriceList } from './price-list-schema.js'
import type { ModelUsage } from './usage-tally.js'

export type { PriceList } from './price-list-schema.js'

const loadSchema = onFirstUse(async () => (await import('./price-list-schema.js')).priceListSchema)

/**
 * Reads prices that a person keeps (docs/costs.md has the format). None are built in: they would be wrong within months.
 *
 * @throws WrongUsage when it is no price list, with the field that is wrong
 */
export async function readPriceList(path: string): Promise<PriceList> {
  const text = await readFile(path, 'utf8').catch(asFileProblem({ path, action: 'read the prices' }))
  return parsePriceList(jsonOf(text, path), path)
}

/** The same of a value that is here already. */
export async function parsePriceList(value: unknown, place: string): Promise<PriceList> {
  const parsed = (await loadSchema()).safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw noPriceList(place, `${issue?.path.join('.') || 'all of it'}: ${issue?.message ?? 'not understood'}`)
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw noPriceList(path, (error as Error).message)
  }
}

function noPriceList(place: string, reason: string): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message: `${place} is no price list: ${reason.slice(0, 300)}`,
    hint: 'docs/costs.md has the format and an example; nothing was touched.',
  })
}

/** What these tokens cost by the list, in its currency; `null` for a model that is not in it. */
export function costOf({ model, tokens }: ModelUsage, list: PriceList): number | null {
  const prices = model === null ? null : pricesOf(model, list)
  if (prices === null) return null
  const { input, cached_input: cachedInput = input, output = 0 } = prices
  const millionths =
    (tokens.input - tokens.cached) * input + tokens.cached * cachedInput + tokens.output * output
  return (millionths * list.batch_factor) / 1_000_000
}

/** What a batch pays for these tokens of a model, all of the input at its full price; `null` for one without a price. */
export function mostCostOf(
  model: string | null,
  tokens: { readonly input: number; readonly output: number; readonly either: number },
  list: PriceList,
): number | null {
  const prices = model === null ? null : pricesOf(model, list)
  if (prices === null) return null
  const { input, cached_input: cachedInput = input, output = 0 } = prices
  const [mostInput, mostEither] = [Math.max(input, cachedInput), Math.max(input, cachedInput, output)]
  const millionths = tokens.input * mostInput + tokens.output * output + tokens.either * mostEither
  return (millionths * list.batch_factor) / 1_000_000
}

/** Answers name the dated version of a model: `gpt-4o-mini-2024-07-18` is `gpt-4o-mini` where the list has no other. */
function pricesOf(model: string, { models }: PriceList): ModelPrices | null {
  const undated = model.replace(/-\d{4}-\d{2}-\d{2}$/, '')
  for (const name of [model, undated]) {
    if (Object.hasOwn(models, name)) return models[name] ?? null
  }
  return null
}
