import { z } from 'zod'
import { RawJson } from '../json-text/raw-json.js'
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
  /** The schema changed the content. */
  transformed: z.literal(true).optional(),
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

/** A row on its way to disk. What an answer said stands in it as `RawJson`: parsed, its numbers would be rounded. */
export interface RowToWrite extends Pick<ResultRow, 'custom_id' | 'outcome' | 'error' | 'attempt' | 'retry'> {
  readonly [field: string]: unknown
}

/** The row as it goes to disk, its keys always in the same order. */
export function toResultRow(row: ReconciledRow, { index, attempt, retryIndex }: ResultRowFacts): RowToWrite {
  const { json, error } = row
  return {
    custom_id: row.customId,
    outcome: row.class,
    ...(error === null || json.content !== null ? { content: rawJson(json.content) } : {}),
    ...(error === null ? {} : { error: { code: error.code, message: error.message } }),
    finish_reason: row.finishReason,
    usage: rawJson(json.usage),
    attempt,
    source: { index, file: row.source.file, line: row.source.line },
    ...(json.contents === null ? {} : { contents: rawJson(json.contents) }),
    ...(json.toolCalls === null ? {} : { tool_calls: rawJson(json.toolCalls) }),
    ...(row.isRepaired ? { repaired: true } : {}),
    ...(row.isTransformed ? { transformed: true } : {}),
    ...(row.isOpaque ? { shape: 'opaque' } : {}),
    ...(retryIndex === null ? {} : { retry: retryIndex }),
  }
}

function rawJson(text: string | null): RawJson | null {
  return text === null ? null : new RawJson(text)
}

/** The row as one line of JSON, without the line feed. */
export function resultRowText(row: RowToWrite): string {
  let members = ''
  // What stands between two raw texts is written in one go: rows come by the hundred thousand.
  let plain: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(row)) {
    if (value instanceof RawJson) {
      members += `${membersOf(plain)}${JSON.stringify(field)}:${value.text},`
      plain = {}
    } else plain[field] = value
  }
  return `{${(members + membersOf(plain)).slice(0, -1)}}`
}

/** The members of an object, each with a comma behind it. */
function membersOf(plain: Record<string, unknown>): string {
  const text = JSON.stringify(plain)
  return text === '{}' ? '' : `${text.slice(1, -1)},`
}

/** Reads a row back; `null` when the text is none of our rows. */
export function parseResultRow(text: string): ResultRow | null {
  try {
    return resultRowSchema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
