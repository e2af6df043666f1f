import type { JsonObject } from '../accounting/decode-line.js'
import { asRecord, isRecord, recordsIn, type JsonRecord } from '../accounting/rows/json-record.js'
import { promiseOf } from '../accounting/rows/promise.js'

/** What requests can take at most, as far as they say. */
export interface TokenBound {
  readonly requests: number
  /** Their bytes: no token of text is less than one byte. */
  readonly inputTokens: number
  /** What they name as the most of their output; embeddings and moderations have none. */
  readonly outputTokens: number
  /** Requests that name no such number, or bring in what does not stand in them: pictures, files, earlier answers. */
  readonly unbounded: number
}

export const nothingBounded: TokenBound = { requests: 0, inputTokens: 0, outputTokens: 0, unbounded: 0 }

/** Adds a request of so many bytes. */
export function withRequest(sum: TokenBound, request: JsonObject, bytes: number): TokenBound {
  const output = mostOutputOf(request)
  const isBounded = output !== null && !bringsMore(request['body'])
  return {
    requests: sum.requests + 1,
    inputTokens: sum.inputTokens + bytes,
    outputTokens: sum.outputTokens + (output ?? 0),
    unbounded: sum.unbounded + (isBounded ? 0 : 1),
  }
}

/**
 * `max_completion_tokens` or `max_tokens` of a chat, `max_output_tokens` of a response, `max_tokens` of a completion
 * (16 where it is left out), for each of the answers asked for; `null` where the request names none.
 *
 * Source: OpenAI API reference, create chat completion, create a model response, create completion.
 */
export function mostOutputOf(request: JsonObject): number | null {
  const body = asRecord(request['body']) ?? {}
  const { shape, answers } = promiseOf(request)
  switch (shape) {
    case 'chat':
      return times(body['max_completion_tokens'] ?? body['max_tokens'], answers)
    case 'responses':
      return times(body['max_output_tokens'], answers)
    case 'completions':
      return times(body['max_tokens'] ?? usualCompletionTokens, mostCompletions(body, answers))
    case 'embeddings':
    case 'moderations':
      return 0
    case 'images':
    case 'opaque':
      return null
  }
}

const usualCompletionTokens = 16

/** Of `best_of` answers made for each prompt all are paid for. */
function mostCompletions({ best_of: bestOf, n }: JsonRecord, answers: number | null): number | null {
  const asked = typeof n === 'number' && n > 0 ? n : 1
  return answers === null || typeof bestOf !== 'number' || bestOf <= asked
    ? answers
    : (answers / asked) * bestOf
}

function times(most: unknown, answers: number | null): number | null {
  const isCount = typeof most === 'number' && Number.isSafeInteger(most) && most >= 0
  return isCount && answers !== null ? most * answers : null
}

/** Fields by which a request brings in what the server fetches, knows, or looks up while it answers, and what that is. */
export const foreignFields: ReadonlyMap<string, string> = new Map([
  ['audio_url', 'sound'],
  ['conversation', 'earlier answers'],
  ['file', 'files'],
  ['file_data', 'files'],
  ['file_id', 'files'],
  ['file_url', 'files'],
  ['image_url', 'pictures'],
  ['input_audio', 'sound'],
  ['previous_response_id', 'earlier answers'],
  ['vector_store_ids', 'files'],
  ['video_url', 'videos'],
  ['web_search_options', 'web searches'],
])

/** Fields of a body that describe what may be answered; names in them are the caller's own. */
const describingFields: ReadonlySet<string> = new Set([
  'functions',
  'metadata',
  'response_format',
  'text',
  'tool_choice',
  'tools',
])

function bringsMore(body: unknown): boolean {
  const fields = asRecord(body) ?? {}
  const hasHostedTool = recordsIn(fields['tools']).some(({ type }) => !callerTools.has(type))
  // Tools that the server runs by itself put what they find into the input.
  return (
    hasHostedTool ||
    Object.entries(fields).some(([field, value]) => !describingFields.has(field) && isForeign(field, value))
  )
}

const callerTools: ReadonlySet<unknown> = new Set(['function', 'custom'])

/** The values were checked for their depth when they were read. */
function isForeign(field: string, value: unknown): boolean {
  if (value === null) return false
  return foreignFields.has(field) || hasForeign(value)
}

function hasForeign(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasForeign)
  return isRecord(value) && Object.entries(value).some(([field, inner]) => isForeign(field, inner))
}
