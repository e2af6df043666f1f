import { asRecord, asText, isRecord, type JsonRecord } from './json-record.js'

/** An error as servers write it: every field may be missing. */
export interface LineError {
  readonly code: string | null
  readonly message: string | null
  readonly type: string | null
  readonly param: string | null
  /** Some servers put the HTTP status where the code belongs. */
  readonly status: number | null
}

/** An error without a word. */
export const noDetails: LineError = { code: null, message: null, type: null, param: null, status: null }

/** Reads an error object, or a bare message; `null` when there is none, or one that says nothing. */
export function readLineError(value: unknown): LineError | null {
  if (saysNothing(value)) return null
  if (Array.isArray(value)) return readLineError(value.find((item) => !saysNothing(item)))
  const record = asRecord(value)
  if (record === null) return { ...noDetails, message: wordsOf(value), status: httpStatus(value) }
  const inner = record['error']
  if (isRecord(inner) && !hasDetails(record)) return readLineError(inner)
  return {
    code: codeOf(record),
    message: asText(record['message']) ?? asText(record['msg']) ?? asText(record['detail']) ?? asText(inner),
    type: textThatSays(record['type']),
    param: asText(record['param']),
    status: httpStatus(record['code']) ?? httpStatus(record['status_code']) ?? httpStatus(record['status']),
  }
}

/**
 * True for what stands where an error belongs and is none: nothing, an empty object, empty fields, a code or words
 * that mean that all went well, such as `{"code":200,"message":"OK"}` or `{"code":0}`.
 */
export function saysNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true
  if (typeof value === 'string') return wordsOfSuccess.has(plainWord(value))
  if (typeof value === 'number') return value === 0 || isSuccessStatus(value)
  if (Array.isArray(value)) return value.every(saysNothing)
  return isRecord(value) && Object.entries(value).every(([name, field]) => isSilent(name, field))
}

function isSilent(name: string, field: unknown): boolean {
  if (name === 'success' && typeof field === 'boolean') return field
  return incidentalFields.has(name) || saysNothing(field)
}

/** What servers write beside an error and beside an `OK` alike: of which call it is told, and when. */
const incidentalFields: ReadonlySet<string> = new Set([
  'id',
  'request_id',
  'requestId',
  'trace_id',
  'traceId',
  'timestamp',
  'time',
])

const plainWord = (text: string): string => text.trim().toLowerCase().replace(/[.!]$/, '')

/** True for 2xx. */
export function isSuccessStatus(status: number): boolean {
  return status >= 200 && status < 300
}

/** A whole HTTP status, as a number or as its digits; `null` for anything else. */
export function httpStatus(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d{3}$/.test(value.trim()) ? Number(value) : value
  const isStatus = typeof number === 'number' && Number.isInteger(number) && number >= 100 && number < 600
  return isStatus ? number : null
}

const wordsOfSuccess: ReadonlySet<string> = new Set([
  '',
  '0',
  '200',
  'ok',
  'success',
  'succeeded',
  'successful',
  'completed',
  'none',
  'null',
  'no error',
  'n/a',
  '-',
])

function hasDetails(record: JsonRecord): boolean {
  return ['code', 'message', 'msg', 'type', 'detail'].some((key) => !saysNothing(record[key]))
}

/** A number is a status when it can be one, and else a code of the server's own (GLM counts in such numbers). */
function codeOf({ code }: JsonRecord): string | null {
  if (typeof code === 'number') return httpStatus(code) === null && code !== 0 ? String(code) : null
  return httpStatus(code) === null ? textThatSays(code) : null
}

function textThatSays(value: unknown): string | null {
  return saysNothing(value) ? null : asText(value)
}

function wordsOf(value: unknown): string {
  return asText(value) ?? JSON.stringify(value)
}
