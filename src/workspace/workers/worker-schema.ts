import { z } from 'zod'

const identity = {
  host: z.string(),
  pid: z.number().int().positive(),
  /** Tells two processes with one number apart; `null` where the system does not. */
  process_start: z.string().nullable(),
  /** Ours alone: names the worker in its leases. */
  token: z.string().regex(/^[0-9a-f]{32}$/),
}

/** The content of `worker.<token>.json`. */
export const workerSchema = z.object({
  ...identity,
  since_ms: z.number(),
  /** Grows with each sign of life. What others go by: they watch whether it changes, not what time it is. */
  signs_of_life: z.number().int().nonnegative(),
  /** For so long after the last sign of life nobody takes its triples, in milliseconds. */
  lease_ms: z.number().positive(),
  /** When that ends unless there is another one, by the worker's clock: for people only. */
  ends_at_ms: z.number(),
})

/** The content of `lease.<name>.<number>.json`, a second name of the record that its owner had when it took it. */
export const leaseSchema = z.object(identity)

/** A worker, as it says of itself. */
export type WorkerRecord = z.infer<typeof workerSchema>

/** Who has a lease, and since when. Until when: see its worker. */
export type LeaseRecord = z.infer<typeof leaseSchema> & { readonly taken_at_ms: number }
