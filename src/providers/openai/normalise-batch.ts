import { isKnownStatus } from '../../../machines/index.js'
import type { RemoteBatch, RemoteBatchError, RemoteRequestCounts } from '../batch-provider.js'
import { holdsKey, withoutKeys } from './redact.js'

/** Entries of `errors.data` that are kept, and characters of each text in them. */
const maxErrors = 20
const maxErrorTextLength = 500

/** Characters of an id. Those of servers have some 50; a megabyte would not fit into metadata that is read again. */
const longestId = 1_024

/** Characters of a status, and of an endpoint. */
const longestStatus = 200

const idFields = ['id', 'input_file_id', 'output_file_id', 'error_file_id'] as const

/**
 * A server's batch object without the oddities of servers, or `null` when `value` is no batch: a page of HTML,
 * `{"error": …}`, the `{"job": …}` of another protocol.
 *
 * A batch of which one id cannot be kept is none either: without its output it would seem to be unanswered, and be paid
 * for again.
 *
 * @param secrets texts that must not be kept, wherever the server repeats them: the API key
 */
export function normaliseBatch(value: unknown, secrets: readonly string[]): RemoteBatch | null {
  if (!isBatch(value) || !idFields.every((field) => canBeKept(value[field], secrets))) return null
  return {
    batchId: value.id,
    status: statusOf(value.status.slice(0, longestStatus), secrets),
    inputFileId: textOf(value['input_file_id']),
    outputFileId: textOf(value['output_file_id']),
    errorFileId: textOf(value['error_file_id']),
    requestCounts: countsOf(value['request_counts']),
    errors: errorsOf(value['errors'], secrets),
    endpoint: endpointOf(value['endpoint'], secrets),
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

/** One that nobody knows is shown, and may be any text. */
function statusOf(text: string, secrets: readonly string[]): string {
  const status = normaliseStatus(text)
  return isKnownStatus(status) ? status : normaliseStatus(withoutKeys(text, secrets))
}

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

/** What is no text is no id, as everywhere: servers write `null`, `false` and `{}` for it. */
export function canBeKept(id: unknown, secrets: readonly string[]): boolean {
  return typeof id !== 'string' || (id.length <= longestId && !holdsKey(id, secrets))
}

function endpointOf(value: unknown, secrets: readonly string[]): string | null {
  const endpoint = textOf(value)
  return endpoint === null || endpoint.length > longestStatus || holdsKey(endpoint, secrets) ? null : endpoint
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

/** A queue that counts in milliseconds writes this for "never" (1999-12-31, 16:00 UTC). */
const neverMs = 946_656_000_000

/** No `Date` is later (ECMAScript, "Time Values and Time Range"). */
const latestMs = 8.64e15

/** Numbers above this are milliseconds: as seconds they would lie beyond the year 5000. */
const largestSeconds = 100_000_000_000

/** Seconds (OpenAI), milliseconds or ISO text, as milliseconds since 1970; `null` for nothing, 0 and "never". */
export function timeOf(value: unknown): number | null {
  const atMs = typeof value === 'string' ? textTime(value) : numberTime(value)
  const isTime = atMs !== null && atMs > 0 && atMs <= latestMs && atMs !== neverMs
  return isTime ? Math.round(atMs) : null
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
function errorsOf(value: unknown, secrets: readonly string[]): readonly RemoteBatchError[] {
  const list = isObject(value) && Array.isArray(value['data']) ? value['data'] : value
  const entries: readonly unknown[] = Array.isArray(list) ? list : [list]
  return entries.slice(0, maxErrors).flatMap((entry) => errorOf(entry, secrets) ?? [])
}

function errorOf(value: unknown, secrets: readonly string[]): RemoteBatchError | null {
  const wordsOf = (field: unknown): string | null => {
    if (typeof field !== 'string' || field === '') return null
    // A little more than is kept, so that a key which the cut goes through is still known for one.
    const words = withoutKeys(field.slice(0, 2 * maxErrorTextLength), secrets)
    return words.length > maxErrorTextLength ? `${words.slice(0, maxErrorTextLength)}…` : words
  }
  if (typeof value === 'string' && value !== '')
    return { code: null, message: wordsOf(value), param: null, line: null }
  if (!isObject(value)) return null
  const code = wordsOf(value['code'])
  const message = wordsOf(value['message'])
  if (code === null && message === null) return null
  return { code, message, param: wordsOf(value['param']), line: countOf(value['line']) }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
