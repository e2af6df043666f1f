import { z } from 'zod'
import { parseJson } from '../json-text/parse-json.js'
import type { Row } from '../read-rows.js'
import { asRecord, asText } from './json-record.js'
import type { RowSource } from './row-class.js'

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
  /** The `error` beside `response`, not the one inside of a body. */
  readonly error: LineError | null
  /** False when the envelope makes no sense; such a row is kept for a person. */
  readonly isUnderstood: boolean
  /** The line as it was parsed; of one that is nested too deep only the `custom_id`. */
  readonly raw: unknown
  /** What `raw` was parsed from, on one line; `null` when it is not at hand. */
  readonly text: string | null
  /** What the body was parsed from when it came as JSON text, else `null`. */
  readonly bodyText: string | null
  /** The line, or a body that came as JSON text, is nested too deep to be read. */
  readonly isNestedTooDeep: boolean
  readonly source: RowSource
}

/** The text of a line, as `Row` has it. */
export type LineText = Pick<Row, 'text' | 'isNestedTooDeep'>

/** An error as servers write it: every field may be missing. */
export interface LineError {
  readonly code: string | null
  readonly message: string | null
  readonly type: string | null
  readonly param: string | null
  /** Some servers put the HTTP status where the code belongs. */
  readonly status: number | null
}

const looseText = z.string().nullish().catch(null)

// The body stays `unknown` on purpose: describing it doubles the cost of a row, and only its shape decides later.
const envelope = z.object({
  custom_id: z.string(),
  id: looseText,
  response: z
    .object({
      status_code: z.number().nullish().catch(null),
      request_id: looseText,
      body: z.unknown().optional(),
    })
    .nullish(),
  error: z.unknown().optional(),
})

/**
 * Normalises one parsed line. Never throws: an envelope of another shape gives a line with `isUnderstood: false`.
 *
 * @param value the line after `JSON.parse`
 * @param source the file and line it was read from
 * @param lineText what `value` was parsed from; without it numbers are kept as precise as a double is
 */
export function readResultLine(value: unknown, source: RowSource, lineText?: LineText): ResultLine {
  const parsed = envelope.safeParse(value)
  if (!parsed.success) return unknownEnvelope(value, source, lineText)
  const { custom_id: customId, id, response, error } = parsed.data
  const lineError = readLineError(error)
  const body = readBody(response?.body)
  return {
    customId,
    id: asText(id),
    statusCode: response?.status_code ?? null,
    requestId: asText(response?.request_id),
    body: body.value,
    error: lineError,
    isUnderstood: lineError !== null || typeof response?.status_code === 'number',
    raw: value,
    text: lineText?.text ?? null,
    bodyText: body.text,
    isNestedTooDeep: body.isNestedTooDeep || lineText?.isNestedTooDeep === true,
    source,
  }
}

/** Reads an error object, or a bare message; `null` when there is none. */
export function readLineError(value: unknown): LineError | null {
  const record = asRecord(value)
  if (record === null) return value ? { ...noDetails, message: asText(value) ?? JSON.stringify(value) } : null
  return {
    code: asText(record['code']),
    message: asText(record['message']),
    type: asText(record['type']),
    param: asText(record['param']),
    status: httpStatus(record['code']) ?? httpStatus(record['status_code']),
  }
}

/** An error that says nothing. */
export const noDetails: LineError = { code: null, message: null, type: null, param: null, status: null }

function httpStatus(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value < 600 ? value : null
}

// Some compatible servers write the body as JSON text.
function readBody(body: unknown): { value: unknown; text: string | null; isNestedTooDeep: boolean } {
  if (typeof body !== 'string') return { value: body ?? null, text: null, isNestedTooDeep: false }
  const parsed = parseJson(body)
  if (parsed.type === 'parsed') return { value: parsed.value, text: body, isNestedTooDeep: false }
  return { value: body, text: null, isNestedTooDeep: parsed.type === 'nested-too-deep' }
}

function unknownEnvelope(value: unknown, source: RowSource, lineText: LineText | undefined): ResultLine {
  const record = asRecord(value)
  return {
    customId: asText(record?.['custom_id']) ?? '',
    id: asText(record?.['id']),
    statusCode: null,
    requestId: null,
    body: null,
    error: null,
    isUnderstood: false,
    raw: value,
    text: lineText?.text ?? null,
    bodyText: null,
    isNestedTooDeep: lineText?.isNestedTooDeep === true,
    source,
  }
}
