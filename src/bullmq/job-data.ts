import { z } from 'zod'
import type { TripleTask } from '../engine/workers/triple-worker.js'
import { parseBatchIndex } from '../workspace/batch-index.js'

/**
 * What a job holds. Whoever can write to Redis can write anything here, so its form is looked at, and it says nothing but
 * which triple, and how patient to be with it: what the server says of a batch is asked of the server.
 */
export type JobData = Omit<TripleTask, 'learnt'>

const dataSchema = z.object({
  index: z.string(),
  earlierFailures: z
    .object({ step: z.string().max(100), failures: z.number().int().positive().max(1_000_000) })
    .optional()
    .catch(undefined),
})

/** The task that a job is for; `null` when it is for none. */
export function taskOf(data: unknown): JobData | null {
  const parsed = dataSchema.safeParse(data)
  if (!parsed.success) return null
  const { index, earlierFailures } = parsed.data
  return parseBatchIndex(index) === null ? null : { index, earlierFailures }
}

export function dataOf({ index, earlierFailures }: TripleTask): JobData {
  return { index, ...(earlierFailures !== undefined && { earlierFailures }) }
}

/** One job for each triple: another one of the same name is not added. The engine takes no plain numbers for names. */
export const jobIdOf = (index: string): string => `triple-${index}`
