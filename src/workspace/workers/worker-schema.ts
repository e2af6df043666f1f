import { z } from 'zod'
import { tokenFields } from '../identity-schema.js'

/** The content of `worker.<token>.json`. */
export const workerSchema = z.object({
  ...tokenFields,
  since_ms: z.number(),
  /** Grows with each sign of life. What others go by: they watch whether it changes, not what time it is. */
  signs_of_life: z.number().int().nonnegative(),
  /** For so long after the last sign of life nobody takes its triples, in milliseconds. */
  lease_ms: z.number().positive(),
  /** When that ends unless there is another one, by the worker's clock: for people only. */
  ends_at_ms: z.number(),
})

/** The content of `lease.<name>.<number>.json`, a second name of the record that its owner had when it took it. */
export const leaseSchema = z.object(tokenFields)

/** A worker, as it says of itself. */
export type WorkerRecord = z.infer<typeof workerSchema>

/** Who has a lease, and since when. Until when: see its worker. */
export type LeaseRecord = z.infer<typeof leaseSchema> & { readonly taken_at_ms: number }
