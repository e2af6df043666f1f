import { z } from 'zod'
import type { TripleTask } from '../engine/workers/triple-worker.js'
import type { RemoteBatch } from '../providers/batch-provider.js'
import { parseBatchIndex } from '../workspace/batch-index.js'

/**
 * What a job holds. Whoever can write to Redis can write anything here, so its form is looked at, and it names nothing but
 * a triple. What it says of that triple's batch is believed for a minute, as the server's own answer would be.
 */
export type JobData = Omit<TripleTask, 'learnt'> & {
  /** With the time it was learnt, in milliseconds since 1970: what is old is asked for again. */
  readonly learnt?: { readonly batch: RemoteBatch; readonly atMs: number } | undefined
}

const count = z.number().int().nonnegative().nullable()
const text = z.string().max(4_096)
const optionalText = text.nullable()

const batchSchema: z.ZodType<RemoteBatch> = z.object({
  batchId: text.min(1),
  status: text,
  inputFileId: optionalText,
  outputFileId: optionalText,
  errorFileId: optionalText,
  requestCounts: z.object({ total: count, completed: count, failed: count }).nullable(),
  errors: z
    .array(z.object({ code: optionalText, message: optionalText, param: optionalText, line: count }))
    .max(20),
  endpoint: optionalText,
  createdAtMs: z.number().nullable(),
  expiresAtMs: z.number().nullable(),
  metadata: z.record(z.string(), text),
})

const dataSchema = z.object({
  index: z.string(),
  earlierFailures: z
    .object({ step: z.string().max(100), failures: z.number().int().positive().max(1_000_000) })
    .optional()
    .catch(undefined),
  learnt: z.object({ batch: batchSchema, atMs: z.number() }).optional().catch(undefined),
})

/** Older than this, what was learnt of a batch says little. */
const freshMs = 60_000

/** The task that a job is for; `null` when it is for none. */
export function taskOf(data: unknown, nowMs: number): TripleTask | null {
  const parsed = dataSchema.safeParse(data)
  if (!parsed.success) return null
  const { index, earlierFailures, learnt } = parsed.data
  if (parseBatchIndex(index) === null) return null
  const isFresh = learnt !== undefined && Math.abs(nowMs - learnt.atMs) <= freshMs
  return { index, earlierFailures, learnt: isFresh ? learnt.batch : undefined }
}

export function dataOf({ index, earlierFailures, learnt }: TripleTask, nowMs: number): JobData {
  return {
    index,
    ...(earlierFailures !== undefined && { earlierFailures }),
    ...(learnt !== undefined && { learnt: { batch: learnt, atMs: nowMs } }),
  }
}

/** One job for each triple: another one of the same name is not added. The engine takes no plain numbers for names. */
export const jobIdOf = (index: string): string => `triple-${index}`
