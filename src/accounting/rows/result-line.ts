import type { DecodedLine } from '../decode-line.js'
import type { JsonSource } from '../json-text/exact-texts.js'
import { parseJson } from '../json-text/parse-json.js'
import { asRecord, asText, isRecord, type JsonRecord } from './json-record.js'
import { httpStatus, readLineError, saysNothing, type LineError } from './line-error.js'
import type { RowSource } from './row-class.js'

export type { LineError } from './line-error.js'

/** The text of a line, as it is decoded. */
export type LineText = Pick<Extract<DecodedLine, { type: 'object' }>, 'text' | 'isTooDeep'>

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
  /** The line, or a body that came as text, nests deeper than anything here can walk; nothing but its id was read. */
  readonly isTooDeep: boolean
  /** The line as it was parsed; of one that nests too deep, only the fields that are no list and no object. */
  readonly raw: unknown
  /** What `raw` was parsed from, on one line; `null` when it is not at hand. */
  readonly text: string | null
  /** Where the body was read from when it came as JSON text inside of the JSON, else `null`. */
  readonly bodySource: JsonSource | null
  readonly source: RowSource
}

/**
 * Normalises one parsed line: status and body may stand in `response`, the body's fields beside the status in
 * `response`, or status and body at top level. A line of another shape gives `isUnderstood: false`.
 *
 * @param value the line after `JSON.parse`
 * @param source the file and line it was read from
 * @param lineText what `value` was parsed from; without it numbers are as precise as a double is
 */
export function readResultLine(value: unknown, source: RowSource, lineText?: LineText): ResultLine {
  const line = asRecord(value) ?? {}
  const text = lineText?.text ?? null
  const envelope = lineText?.isTooDeep === true ? null : readEnvelope(line)
  if (envelope === null || envelope.isTooDeep) return unreadLine(line, value, text, source)
  const { statusCode, requestId, body, bodySource, hasSense } = envelope
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
    text,
    bodySource,
    source,
  }
}

/** The same of a line as text, which must be a JSON object that is not nested too deep. */
export function parseResultLine(text: string, source: RowSource = nowhere): ResultLine {
  return readResultLine(JSON.parse(text), source, { text, isTooDeep: false })
}

/** Of a line that stands in no file, or where nobody asks in which. */
export const nowhere: RowSource = { file: null, line: null }

/** True for a line of an input file: its `body` is what was asked, not what was answered. */
export function isRequest(line: JsonRecord): boolean {
  const isAnswered = line['response'] !== undefined || line['status_code'] !== undefined
  return typeof line['url'] === 'string' && !isAnswered && saysNothing(line['error'])
}

function unreadLine(line: JsonRecord, raw: unknown, text: string | null, source: RowSource): ResultLine {
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
    text,
    bodySource: null,
    source,
  }
}

interface Envelope extends Pick<
  ResultLine,
  'statusCode' | 'requestId' | 'body' | 'bodySource' | 'isTooDeep'
> {
  /** The status is one, or was left out. */
  readonly hasSense: boolean
}

function readEnvelope(line: JsonRecord): Envelope {
  const outer = unfoldText(line['response'])
  const response = boxIn(outer.value)
  const holder = response ?? line
  const status = statusIn(holder) ?? statusIn(line)
  const statusCode = statusOf(status)
  const inner = unfoldText(holder['body'])
  return {
    statusCode,
    requestId: asText(holder['request_id']),
    body: response === null ? inner.value : (inner.value ?? inlinedBody(response)),
    bodySource: inner.source ?? (response === null ? null : outer.source),
    hasSense: statusCode !== null || status === null || status === '',
    isTooDeep: inner.isTooDeep || outer.isTooDeep,
  }
}

/** A response with nothing in it holds nothing: status and body may then stand beside it. */
function boxIn(response: unknown): JsonRecord | null {
  const box = asRecord(response)
  return box === null || Object.keys(box).length === 0 ? null : box
}

/** `status` is also a word of bodies (`completed`), so only one that is a status of HTTP counts. */
function statusIn(holder: JsonRecord): unknown {
  return holder['status_code'] ?? holder['statusCode'] ?? httpStatus(holder['status'])
}

/** Fields of an envelope; any other one beside them belongs to a body that was written without a box of its own. */
const envelopeFields: ReadonlySet<string> = new Set([
  'status_code',
  'statusCode',
  'request_id',
  'body',
  'headers',
])

function inlinedBody(response: JsonRecord): unknown {
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

interface Unfolded {
  readonly value: unknown
  readonly source: JsonSource | null
  readonly isTooDeep: boolean
}

// Some compatible servers write the body as JSON text.
function unfoldText(value: unknown): Unfolded {
  if (typeof value !== 'string') return { value: value ?? null, source: null, isTooDeep: false }
  const parsed = parseJson(value)
  if (parsed.type !== 'parsed') return { value, source: null, isTooDeep: parsed.type === 'nested-too-deep' }
  return { value: parsed.value, source: { text: value, value: parsed.value }, isTooDeep: false }
}
