import { asRecord, asText, isRecord, type JsonRecord } from './json-record.js'
import { readLineError, saysNothing, type LineError } from './line-error.js'
import { isNestedTooDeep } from './nesting.js'
import type { RowSource } from './row-class.js'

export type { LineError } from './line-error.js'

/** One line of an output or error file with the oddities of servers taken out. */
export interface ResultLine {
  readonly customId: string
  /** The server's name for the row, such as `batch_req_…`. */
  readonly id: string | null
  /** HTTP status of the one request; 0 when the server never got an answer; `null` when none was written. */
  readonly statusCode: number | null
  readonly requestId: string | null
  /** The endpoint's answer; a body that came as JSON text is parsed once. */
  readonly body: unknown
  /** The `error` beside `response`, not the one inside of a body; `null` also for one that says nothing. */
  readonly error: LineError | null
  /** False when the envelope makes no sense; such a row is kept for a person. */
  readonly isUnderstood: boolean
  /** It nests deeper than anything here can walk; then nothing of it but its id was read. */
  readonly isTooDeep: boolean
  /** The line as it was parsed. */
  readonly raw: unknown
  readonly source: RowSource
}

/**
 * Normalises one parsed line: status and body may stand in `response`, the body's fields beside the status in
 * `response`, or status and body at top level. A line of another shape gives `isUnderstood: false`.
 *
 * @param value the line after `JSON.parse`
 * @param source the file and line it was read from
 */
export function readResultLine(value: unknown, source: RowSource): ResultLine {
  const line = asRecord(value) ?? {}
  if (isNestedTooDeep(value)) return unreadLine(line, value, source)
  const { statusCode, requestId, body, hasSense, isFromText } = readEnvelope(line)
  // What came as text was no part of the value that was looked at above.
  if (isFromText && isNestedTooDeep(body)) return unreadLine(line, value, source)
  const error = readLineError(line['error'])
  const isEnvelope = typeof line['custom_id'] === 'string' && !isRequest(line)
  const isAnswered = hasSense && (statusCode !== null || hasContent(body))
  return {
    customId: asText(line['custom_id']) ?? '',
    id: asText(line['id']),
    statusCode,
    requestId,
    body,
    error,
    isUnderstood: isEnvelope && (error !== null || isAnswered),
    isTooDeep: false,
    raw: value,
    source,
  }
}

/** True for a line of an input file: its `body` is what was asked, not what was answered. */
export function isRequest(line: JsonRecord): boolean {
  const isAnswered = line['response'] !== undefined || line['status_code'] !== undefined
  return typeof line['url'] === 'string' && !isAnswered && saysNothing(line['error'])
}

function unreadLine(line: JsonRecord, raw: unknown, source: RowSource): ResultLine {
  return {
    customId: asText(line['custom_id']) ?? '',
    id: asText(line['id']),
    statusCode: null,
    requestId: null,
    body: null,
    error: null,
    isUnderstood: false,
    isTooDeep: true,
    raw,
    source,
  }
}

interface Envelope extends Pick<ResultLine, 'statusCode' | 'requestId' | 'body'> {
  /** The status is one, or was left out. */
  readonly hasSense: boolean
  /** The body was JSON text inside of the JSON. */
  readonly isFromText: boolean
}

function readEnvelope(line: JsonRecord): Envelope {
  const response = asRecord(parsedText(line['response']))
  const holder = response ?? line
  const status = holder['status_code'] ?? null
  const statusCode = statusOf(status)
  return {
    statusCode,
    requestId: asText(holder['request_id']),
    body: response === null ? parsedText(line['body']) : bodyIn(response),
    hasSense: statusCode !== null || status === null || status === '',
    isFromText: typeof line['response'] === 'string' || typeof holder['body'] === 'string',
  }
}

/** Fields of an envelope; any other one beside them belongs to a body that was written without a box of its own. */
const envelopeFields: ReadonlySet<string> = new Set(['status_code', 'request_id', 'body', 'headers'])

function bodyIn(response: JsonRecord): unknown {
  const body = parsedText(response['body'])
  if (body !== null) return body
  return Object.keys(response).some((field) => !envelopeFields.has(field)) ? response : null
}

/** 0 is no HTTP status, and is what some servers write for a request that got no answer. */
function statusOf(status: unknown): number | null {
  const number = typeof status === 'string' && /^\s*\d{1,3}\s*$/.test(status) ? Number(status) : status
  const isStatus = typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < 1_000
  return isStatus ? number : null
}

function hasContent(body: unknown): boolean {
  return typeof body === 'string' ? body !== '' : isRecord(body) && Object.keys(body).length > 0
}

// Some compatible servers write the body as JSON text.
function parsedText(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? null
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
