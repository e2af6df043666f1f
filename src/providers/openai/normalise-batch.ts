import type { RemoteBatch, RemoteBatchError, RemoteRequestCounts } from '../batch-provider.js'

/** Entries of `errors.data` that are kept, and characters of each text in them. */
const maxErrors = 20
const maxErrorTextLength = 500

/**
 * A server's batch object without the oddities of servers, or `null` when `value` is no batch: a page of HTML,
 * `{"error": …}`, the `{"job": …}` of another protocol.
 */
export function normaliseBatch(value: unknown): RemoteBatch | null {
  if (!isBatch(value)) return null
  return {
    batchId: value.id,
    status: normaliseStatus(value.status),
    inputFileId: idOf(value['input_file_id']),
    outputFileId: idOf(value['output_file_id']),
    errorFileId: idOf(value['error_file_id']),
    requestCounts: countsOf(value['request_counts']),
    errors: errorsOf(value['errors']),
    endpoint: idOf(value['endpoint']),
    createdAtMs: timeOf(value['created_at']),
    expiresAtMs: timeOf(value['expires_at']),
    metadata: metadataOf(value['metadata']),
  }
}

/**
 * Only what nothing can be done without is required. `object` is checked when it is there, because a file or a
 * list may carry `id` and `status` as well.
 */
function isBatch(value: unknown): value is BatchObject {
  if (!isObject(value)) return false
  const { id, object, status } = value
  const isNamedSo = object === undefined || object === null || object === 'batch'
  return isNamedSo && typeof id === 'string' && id !== '' && typeof status === 'string' && status !== ''
}

type BatchObject = Readonly<Record<string, unknown>> & { readonly id: string; readonly status: string }

/** `Validating`, `InProgress` and `canceled` are spellings of statuses that are known; others stay as they are. */
function normaliseStatus(status: string): string {
  const snake = status
    .trim()
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll(/[\s-]+/g, '_')
    .toLowerCase()
  return spellings.get(snake) ?? snake
}

const spellings: ReadonlyMap<string, string> = new Map([
  ['canceled', 'cancelled'],
  ['canceling', 'cancelling'],
])

function idOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

/** A queue that counts in milliseconds writes this for "never" (1999-12-31, 16:00 UTC). */
const neverMs = 946_656_000_000

/** Numbers above this are milliseconds: as seconds they would lie beyond the year 5000. */
const largestSeconds = 100_000_000_000

/** Seconds (OpenAI), milliseconds or ISO text, as milliseconds since 1970; `null` for nothing, 0 and "never". */
export function timeOf(value: unknown): number | null {
  const atMs = typeof value === 'string' ? textTime(value) : numberTime(value)
  return atMs === null || Number.isNaN(atMs) || atMs <= 0 || atMs === neverMs ? null : Math.round(atMs)
}

function textTime(text: string): number | null {
  return /^\d+(\.\d+)?$/.test(text) ? numberTime(Number(text)) : Date.parse(text)
}

function numberTime(value: unknown): number | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return null
  return value > largestSeconds ? value : value * 1000
}

/** At most 16 pairs, keys of at most 64 characters, values of at most 512 (OpenAI API reference, "Metadata"). */
function metadataOf(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {}
  const texts = Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  return Object.fromEntries(
    texts.filter(([key, text]) => key.length <= 64 && text.length <= 512).slice(0, 16),
  )
}

function countsOf(value: unknown): RemoteRequestCounts | null {
  if (!isObject(value)) return null
  const counts = {
    total: countOf(value['total']),
    completed: countOf(value['completed']),
    failed: countOf(value['failed']),
  }
  return Object.values(counts).every((count) => count === null) ? null : counts
}

function countOf(value: unknown): number | null {
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : null
}

/** `{data: […]}`, a bare list, one object or one text. */
function errorsOf(value: unknown): readonly RemoteBatchError[] {
  const list = isObject(value) && Array.isArray(value['data']) ? value['data'] : value
  const entries: readonly unknown[] = Array.isArray(list) ? list : [list]
  return entries.slice(0, maxErrors).flatMap((entry) => errorOf(entry) ?? [])
}

function errorOf(value: unknown): RemoteBatchError | null {
  if (typeof value === 'string' && value !== '')
    return { code: null, message: shortened(value), param: null, line: null }
  if (!isObject(value)) return null
  const code = shortened(value['code'])
  const message = shortened(value['message'])
  if (code === null && message === null) return null
  return { code, message, param: shortened(value['param']), line: countOf(value['line']) }
}

function shortened(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null
  return value.length > maxErrorTextLength ? `${value.slice(0, maxErrorTextLength)}…` : value
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
