import { z } from 'zod'
import { rowClasses } from './row-class.js'

const rowSource = z.object({
  index: z.string(),
  file: z.enum(['output', 'error']).nullable(),
  line: z.number().nullable(),
})

/** One line of `target/batch_results_<root index>.jsonl`. Fields added later, or by others, are kept. */
const resultRowSchema = z.looseObject({
  custom_id: z.string(),
  outcome: z.enum(rowClasses),
  /** There for a success, and for a `semantic` or `unproven` row that has some. */
  content: z.unknown().optional(),
  /** There for everything but a success. */
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  finish_reason: z.string().nullable(),
  /** Rows of earlier versions have none. */
  model: z.string().nullable().optional(),
  usage: z.record(z.string(), z.unknown()).nullable(),
  /** 1 for the first try. */
  attempt: z.number(),
  source: rowSource,
  contents: z.array(z.unknown()).optional(),
  tool_calls: z.array(z.unknown()).optional(),
  repaired: z.literal(true).optional(),
  /** The schema changed the content. */
  transformed: z.literal(true).optional(),
  /** The endpoint is not known here: `content` is the whole body, and nobody checked it. */
  shape: z.literal('opaque').optional(),
  /** Index of the triple that tries this request again. */
  retry: z.string().optional(),
})

export type ResultRow = z.infer<typeof resultRowSchema>

/** Reads a row back; `null` when the text is none of our rows. */
export function parseResultRow(text: string): ResultRow | null {
  try {
    return resultRowSchema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
