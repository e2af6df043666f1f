import { z } from 'zod'

const perMillion = z.number().nonnegative().max(1_000_000)

const pricesSchema = z.strictObject({
  /** Money for a million tokens of input. */
  input: perMillion,
  /** Of input that the server had read before; as `input` where it is left out. */
  cached_input: perMillion.optional(),
  /** Of output, reasoning included; nothing where it is left out, as for embeddings. */
  output: perMillion.optional(),
})

/** The content of a price file. */
export const priceListSchema = z.strictObject({
  /** The day on which somebody looked these prices up. */
  as_of: z.iso.date(),
  /** What the numbers are, such as `USD`. */
  currency: z.string().min(1).max(10),
  /** What a batch pays of the prices below: 0.5 for half, 1 where they are those of batches already. */
  batch_factor: z.number().positive().max(1),
  /** By name of the model, as servers name it in answers, or without the date at its end. */
  models: z.record(z.string().min(1).max(200), pricesSchema),
})

export type PriceList = z.infer<typeof priceListSchema>
export type ModelPrices = z.infer<typeof pricesSchema>
