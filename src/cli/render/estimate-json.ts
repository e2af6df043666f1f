import type { PriceList } from '../../accounting/usage/price-list.js'
import type { BatchEstimate, InputEstimate } from '../../engine/batch-estimate.js'

/** What `plan --estimate --json` prints of a triple (`docs/costs.md`). */
export function inputEstimateJson({ batches, invalid }: InputEstimate, prices: PriceList | null): object {
  return { batches: batches.map((batch) => estimateJson(batch, prices)), invalid_lines: invalid }
}

/** What `submit --estimate --json` prints of a batch. */
export function estimateJson(batch: BatchEstimate, prices: PriceList | null): object {
  const { path, model, endpoint, requests, bytes, input, counted, encoding, isOwn, output, uncounted, cost } =
    batch
  return {
    file: path,
    model,
    endpoint,
    requests,
    bytes,
    input_tokens: input.tokens,
    input_error: input.error,
    counted_requests: counted,
    encoding,
    is_encoding_known: isOwn,
    max_output_tokens: output.most,
    unbounded_requests: output.unbounded,
    not_counted: uncounted,
    input_cost: cost?.input ?? null,
    max_cost: cost?.most ?? null,
    currency: prices?.currency ?? null,
  }
}
