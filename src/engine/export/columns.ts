import { tokenKinds, type TokenCounts } from '../../../machines/index.js'
import { RawJson } from '../../accounting/json-text/raw-json.js'
import { asRecord } from '../../accounting/rows/json-record.js'
import { tokensOf } from '../../accounting/usage/token-counts.js'
import type { ResultRow } from '../../accounting/rows/result-row.js'
import type { Cell, ColumnShape } from './cells.js'
import { outcomeOf, type ExportRow } from './export-row.js'

/** A column of the table, and what of a row stands in it. */
export interface ExportColumn extends ColumnShape {
  readonly cellOf: (row: ExportRow) => Cell
}

/** The columns of every export, in their order. The same whatever the rows hold. */
export function exportColumns(shouldJoinRequests: boolean): readonly ExportColumn[] {
  return shouldJoinRequests ? [...resultColumns, ...requestColumns] : resultColumns
}

/** What an answer holds, as the column `content_type` tells it. */
type ContentKind = 'text' | 'json' | 'embedding'

const resultColumns: readonly ExportColumn[] = [
  { name: 'root_index', type: 'text', isRequired: true, cellOf: ({ rootIndex }) => rootIndex },
  { name: 'custom_id', type: 'text', isRequired: true, cellOf: ({ customId }) => customId },
  { name: 'outcome', type: 'text', isRequired: true, cellOf: outcomeOf },
  { name: 'content', type: 'text', isRequired: false, cellOf: contentOf },
  { name: 'content_type', type: 'text', isRequired: false, cellOf: kindOfContent },
  { name: 'embedding', type: 'floats', isRequired: false, cellOf: embeddingOf },
  jsonOf('contents'),
  jsonOf('tool_calls'),
  ofRow('finish_reason', 'text', ({ finish_reason: reason }) => reason),
  ofRow('error_code', 'text', ({ error }) => error?.code),
  ofRow('error_message', 'text', ({ error }) => error?.message),
  ofRow('model', 'text', ({ model }) => model),
  jsonOf('usage'),
  ...tokenKinds.map(tokensColumn),
  ofRow('attempt', 'integer', ({ attempt }) => wholeNumber(attempt)),
  ofRow('source_index', 'text', ({ source }) => source.index),
  ofRow('source_file', 'text', ({ source }) => source.file),
  ofRow('source_line', 'integer', ({ source }) => wholeNumber(source.line)),
  ofRow('retry', 'text', ({ retry }) => retry),
  ofRow('repaired', 'boolean', ({ repaired }) => repaired === true),
  ofRow('transformed', 'boolean', ({ transformed }) => transformed === true),
  ofRow('shape', 'text', ({ shape }) => shape),
]

const requestColumns: readonly ExportColumn[] = [
  { name: 'request_url', type: 'text', isRequired: false, cellOf: ({ request }) => request?.url ?? null },
  {
    name: 'request_body',
    type: 'json',
    isRequired: false,
    cellOf: ({ request }) => rawJson(request?.body),
  },
]

/** A column of what a row of results says; `null` where there is no row. */
function ofRow(
  name: string,
  type: ColumnShape['type'],
  valueOf: (row: ResultRow) => Cell | undefined,
): ExportColumn {
  const cellOf = ({ result }: ExportRow): Cell => (result === null ? null : (valueOf(result.row) ?? null))
  return { name, type, isRequired: false, cellOf }
}

/** A column of a field that is JSON, as it is written. */
function jsonOf(name: 'contents' | 'tool_calls' | 'usage'): ExportColumn {
  const cellOf = ({ result }: ExportRow): Cell =>
    result === null || result.row[name] == null ? null : rawJson(result.texts.get(name))
  return { name, type: 'json', isRequired: false, cellOf }
}

/** A column of what `usage` says, whichever names the endpoint has for it. */
function tokensColumn(kind: keyof TokenCounts): ExportColumn {
  return ofRow(`${kind}_tokens`, 'integer', ({ usage }) => {
    const counts = asRecord(usage)
    return wholeNumber((counts === null ? null : tokensOf(counts))?.[kind] ?? null)
  })
}

function contentOf(row: ExportRow): Cell {
  const kind = kindOfContent(row)
  if (row.result === null || kind === null || kind === 'embedding') return null
  const { content } = row.result.row
  return typeof content === 'string' ? content : rawJson(row.result.texts.get('content'))
}

function embeddingOf(row: ExportRow): Cell {
  return kindOfContent(row) === 'embedding' ? rawJson(row.result?.texts.get('content')) : null
}

function kindOfContent({ result, asksForVectors }: ExportRow): ContentKind | null {
  const content = result?.row.content
  if (content === undefined || content === null) return null
  if (typeof content === 'string') return 'text'
  return asksForVectors && isVector(content) ? 'embedding' : 'json'
}

const isVector = (content: unknown): boolean =>
  Array.isArray(content) && content.length > 0 && content.every((item) => typeof item === 'number')

const rawJson = (text: string | undefined | null): RawJson | null => (text == null ? null : new RawJson(text))

/** `null` for what is none: results are files, and anybody may have written to them. */
function wholeNumber(value: number | null): bigint | null {
  return Number.isSafeInteger(value) ? BigInt(value ?? 0) : null
}
