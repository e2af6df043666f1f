import { costOf, type PriceList } from '../accounting/usage/price-list.js'
import type { BatchTokens } from '../providers/estimate/estimate-batches.js'

/** What a batch would cost, in the currency of the prices. */
export interface BatchCost {
  /** Of the input that was counted, none of it cached. */
  readonly input: number
  /** With the most of its output; `null` where a request names no most, or holds what was not counted. */
  readonly most: number | null
}

/** What one batch would take, before it is sent. */
export interface BatchEstimate extends BatchTokens {
  /** `null` without prices, and for a model that has none. */
  readonly cost: BatchCost | null
}

/** What an input of `workdir/` would take. */
export interface InputEstimate {
  /** One; an input with several models or endpoints, which servers refuse, has one for each. */
  readonly batches: readonly BatchEstimate[]
  /** Lines that are no request a server would take; they are in none of the batches. */
  readonly invalid: number
}

export function withCost(batch: BatchTokens, prices: PriceList | undefined): BatchEstimate {
  return { ...batch, cost: prices === undefined ? null : costOfBatch(batch, prices) }
}

function costOfBatch(batch: BatchTokens, prices: PriceList): BatchCost | null {
  const { model, endpoint, requests, input, output } = batch
  const priceOf = (outputTokens: number): number | null => {
    const tokens = { input: input.tokens, cached: 0, output: outputTokens, reasoning: 0 }
    return costOf({ model, endpoint, answers: requests, tokens }, prices)
  }
  const [inputCost, most] = [priceOf(0), priceOf(output.most)]
  if (inputCost === null) return null
  return { input: inputCost, most: isBounded(batch) ? most : null }
}

/** Whether the batch takes no more than what is named. */
function isBounded({ output, uncounted }: BatchTokens): boolean {
  return output.unbounded === 0 && Object.keys(uncounted).length === 0
}
