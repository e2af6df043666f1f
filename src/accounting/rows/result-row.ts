import { z } from 'zod'
import { reconciliationError } from '../../errors.js'
import type { ReconciledRow } from './evaluate-row.js'
import { rowClasses } from './row-class.js'

const rowSource = z.object({
  index: z.string(),
  file: z.enum(['output', 'error']).nullable(),
  line: z.number().nullable(),
})

/** One line of `target/batch_results_<root index>.jsonl`. Fields added later, or by others, are kept. */
export const resultRowSchema = z.looseObject({
  custom_id: z.string(),
  outcome: z.enum(rowClasses),
  /** There for a success, and for a `semantic` or `unproven` row that has some. */
  content: z.unknown().optional(),
  /** There for everything but a success. */
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  finish_reason: z.string().nullable(),
  usage: z.record(z.string(), z.unknown()).nullable(),
  /** 1 for the first try. */
  attempt: z.number(),
  source: rowSource,
  contents: z.array(z.unknown()).optional(),
  tool_calls: z.array(z.unknown()).optional(),
  repaired: z.literal(true).optional(),
  /** The endpoint is not known here: `content` is the whole body, and nobody checked it. */
  shape: z.literal('opaque').optional(),
  /** Index of the triple that tries this request again. */
  retry: z.string().optional(),
})

export type ResultRow = z.infer<typeof resultRowSchema>

/** What a row on disk says beside what the answer said. */
export interface ResultRowFacts {
  /** The triple the answer came from. */
  readonly index: string
  readonly attempt: number
  /** The triple that will try the request again; `null` when this is its last word. */
  readonly retryIndex: string | null
}

/** The row as it goes to disk, its keys always in the same order. */
export function toResultRow(row: ReconciledRow, { index, attempt, retryIndex }: ResultRowFacts): ResultRow {
  return {
    custom_id: row.customId,
    outcome: row.class,
    ...(row.error === null || row.content !== null ? { content: row.content ?? null } : {}),
    ...(row.error === null ? {} : { error: { code: row.error.code, message: row.error.message } }),
    finish_reason: row.finishReason,
    usage: row.usage,
    attempt,
    source: { index, file: row.source.file, line: row.source.line },
    ...(row.contents === null ? {} : { contents: [...row.contents] }),
    ...(row.toolCalls === null ? {} : { tool_calls: [...row.toolCalls] }),
    ...(row.isRepaired ? { repaired: true } : {}),
    ...(row.isOpaque ? { shape: 'opaque' } : {}),
    ...(retryIndex === null ? {} : { retry: retryIndex }),
  }
}

/**
 * The row as one line of JSON, without the line feed.
 *
 * @throws ProcessorThrew when the schema made a value that JSON cannot hold, such as a bigint or a cycle.
 */
export function resultRowText(row: ResultRow): string {
  try {
    return JSON.stringify(row)
  } catch (cause) {
    throw reconciliationError(
      {
        code: 'ProcessorThrew',
        message: `The content of "${row.custom_id.slice(0, 200)}" cannot be written as JSON.`,
        hint: 'Let the schema give values that JSON can hold: no bigint, no cycles.',
        facts: { customId: row.custom_id.slice(0, 200) },
      },
      { cause },
    )
  }
}

/** Reads a row back; `null` when the text is none of our rows. */
export function parseResultRow(text: string): ResultRow | null {
  try {
    return resultRowSchema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
