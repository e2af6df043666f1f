import { RawJson } from '../json-text/raw-json.js'
import type { ReconciledRow } from './evaluate-row.js'
import type { ResultRow } from './result-row-schema.js'

export type { ResultRow } from './result-row-schema.js'

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
    model: row.model,
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
  for (const field of Object.keys(row)) {
    const value = row[field]
    const text = value instanceof RawJson ? value.text : JSON.stringify(value)
    // What JSON leaves out has no text, whatever the types of `JSON.stringify` say.
    if ((text as string | undefined) !== undefined)
      members += `${members === '' ? '' : ','}${keyText(field)}${text}`
  }
  return `{${members}}`
}

/** A few names, written by the hundred thousand. */
function keyText(field: string): string {
  const known = keyTexts.get(field)
  if (known !== undefined) return known
  const text = `${JSON.stringify(field)}:`
  if (keyTexts.size < maxKeyTexts) keyTexts.set(field, text)
  return text
}

const keyTexts = new Map<string, string>()
const maxKeyTexts = 100
