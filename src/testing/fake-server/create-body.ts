import { expirySeconds } from './files-api.js'
import { refuse } from './refusal.js'
import { isJsonObject } from './wire.js'

/** The body of `POST /batches`, checked. */
export interface CreateBody {
  readonly inputFileId: string
  readonly endpoint: string
  readonly completionWindow: string
  readonly metadata: Readonly<Record<string, string>> | null
  /** `null`: as long as the server likes. */
  readonly keepOutputSeconds: number | null
}

const endpoints: ReadonlySet<string> = new Set([
  '/v1/responses',
  '/v1/chat/completions',
  '/v1/embeddings',
  '/v1/completions',
  '/v1/moderations',
  '/v1/images/generations',
  '/v1/images/edits',
  '/v1/videos',
])

/**
 * What OpenAI refuses at once. Everything about the input file, even that it does not exist, comes out later:
 * the call answers 200 and the batch fails.
 */
export function readCreateBody(text: string): CreateBody {
  const body = jsonObject(text)
  const endpoint = requiredText(body, 'endpoint')
  const completionWindow = requiredText(body, 'completion_window')
  const inputFileId = requiredText(body, 'input_file_id')
  if (!endpoints.has(endpoint)) {
    throw invalid('endpoint', `Invalid value: '${endpoint}'. Supported values are: ${quoted(endpoints)}.`)
  }
  if (completionWindow !== '24h') {
    throw invalid('completion_window', `Invalid value: '${completionWindow}'. Supported values are: '24h'.`)
  }
  return {
    inputFileId,
    endpoint,
    completionWindow,
    metadata: metadataOf(body['metadata']),
    keepOutputSeconds: keepSeconds(body['output_expires_after']),
  }
}

function jsonObject(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text)
    if (isJsonObject(body)) return body
  } catch {
    // falls through to the same refusal as JSON of another kind
  }
  throw refuse({ status: 400, message: 'We could not parse the JSON body of your request.' })
}

function requiredText(body: Readonly<Record<string, unknown>>, param: string): string {
  const value = body[param]
  if (value === undefined || value === null) {
    throw refuse({
      status: 400,
      message: `Missing required parameter: '${param}'.`,
      param,
      code: 'missing_required_parameter',
    })
  }
  if (typeof value === 'string') return value
  throw wrongType(param, 'a string')
}

/** At most 16 pairs, keys of at most 64 characters, values of at most 512 (OpenAI API reference, "Metadata"). */
function metadataOf(value: unknown): Readonly<Record<string, string>> | null {
  if (value === undefined || value === null) return null
  if (!isJsonObject(value)) throw wrongType('metadata', 'an object')
  const pairs = Object.entries(value)
  if (pairs.length > 16)
    throw invalid('metadata', `Too many properties: at most 16, but got ${pairs.length}.`)
  return Object.fromEntries(pairs.map(([key, text]) => [key, metadataValue(key, text)]))
}

function metadataValue(key: string, value: unknown): string {
  const param = `metadata.${key}`
  if (typeof value !== 'string') throw wrongType(param, 'a string')
  if (key.length > 64 || value.length > 512) {
    const message = `Invalid '${param}': string too long. Keys have at most 64 characters, values at most 512.`
    throw refuse({ status: 400, message, param, code: 'string_above_max_length' })
  }
  return value
}

function keepSeconds(value: unknown): number | null {
  if (value === undefined || value === null) return null
  if (!isJsonObject(value)) throw wrongType('output_expires_after', 'an object')
  return expirySeconds(value['seconds'], value['anchor'], 'output_expires_after')
}

function wrongType(param: string, expected: string) {
  const message = `Invalid type for '${param}': expected ${expected}.`
  return refuse({ status: 400, message, param, code: 'invalid_type' })
}

function invalid(param: string, message: string) {
  return refuse({ status: 400, message, param, code: 'invalid_value' })
}

function quoted(values: Iterable<string>): string {
  return [...values].map((value) => `'${value}'`).join(', ')
}
