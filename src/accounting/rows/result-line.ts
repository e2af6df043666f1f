import { z } from 'zod'
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
  /** The line as it was parsed. */
  readonly raw: unknown
  readonly source: RowSource
}

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
 */
export function readResultLine(value: unknown, source: RowSource): ResultLine {
  const parsed = envelope.safeParse(value)
  if (!parsed.success) return unknownEnvelope(value, source)
  const { custom_id: customId, id, response, error } = parsed.data
  const lineError = readLineError(error)
  return {
    customId,
    id: asText(id),
    statusCode: response?.status_code ?? null,
    requestId: asText(response?.request_id),
    body: parsedBody(response?.body),
    error: lineError,
    isUnderstood: lineError !== null || typeof response?.status_code === 'number',
    raw: value,
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
function parsedBody(body: unknown): unknown {
  if (typeof body !== 'string') return body ?? null
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

function unknownEnvelope(value: unknown, source: RowSource): ResultLine {
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
    source,
  }
}
