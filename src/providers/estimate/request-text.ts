import type { JsonObject } from '../../accounting/decode-line.js'
import { asRecord, isRecord, recordsIn, type JsonRecord } from '../../accounting/rows/json-record.js'
import { promiseOf } from '../../accounting/rows/promise.js'
import { foreignFields } from '../token-bound.js'

/** What of a request becomes input of the model, as far as it can be seen. */
export interface RequestText {
  readonly texts: readonly string[]
  /** Tokens that need no counting: what surrounds messages, and texts that are given as tokens. */
  readonly tokens: number
  /** What becomes input and is no text here, such as `pictures`. */
  readonly uncounted: ReadonlySet<string>
}

/** Reads the input out of a request; its depth was checked when it was read. */
export function textOf(request: JsonObject): RequestText {
  const body = asRecord(request['body']) ?? {}
  const found: Draft = { texts: [], tokens: aroundMessages(request, body), uncounted: new Set() }
  for (const [field, value] of Object.entries(body)) {
    if (inputFields.has(field)) take(found, value)
    else if (foreignFields.has(field)) takeForeign(found, field, value)
  }
  for (const kind of describedIn(body)) found.uncounted.add(kind)
  return found
}

interface Draft {
  readonly texts: string[]
  tokens: number
  readonly uncounted: Set<string>
}

/** Fields of a body that a model reads, of all endpoints. */
const inputFields: ReadonlySet<string> = new Set([
  'input',
  'instructions',
  'messages',
  'prompt',
  'suffix',
  'system',
])

/** Fields of messages and of their parts that the server reads and the model does not, or as a mark of one token. */
const marks: ReadonlySet<string> = new Set([
  'call_id',
  'detail',
  'format',
  'id',
  'role',
  'status',
  'tool_call_id',
  'type',
])

function take(found: Draft, value: unknown): void {
  if (typeof value === 'string') found.texts.push(value)
  else if (Array.isArray(value)) for (const item of value) takeItem(found, item)
  else if (isRecord(value)) takeFields(found, value)
}

/** A list of numbers is a text that was cut into tokens already. */
function takeItem(found: Draft, item: unknown): void {
  if (typeof item === 'number') found.tokens += 1
  else take(found, item)
}

function takeFields(found: Draft, fields: JsonRecord): void {
  for (const [field, value] of Object.entries(fields)) {
    if (foreignFields.has(field)) takeForeign(found, field, value)
    else if (field === 'encrypted_content') found.uncounted.add('earlier answers')
    else if (!marks.has(field)) take(found, value)
  }
}

function takeForeign({ uncounted }: Draft, field: string, value: unknown): void {
  const kind = foreignFields.get(field)
  if (value !== null && kind !== undefined) uncounted.add(kind)
}

/** The server writes tools and schemas into the input in a way that is not published; a stored prompt it knows itself. */
function describedIn(body: JsonRecord): readonly string[] {
  const { tools, functions, prompt } = body
  const format = asRecord(body['response_format']) ?? asRecord(asRecord(body['text'])?.['format'])
  return [
    ...(recordsIn(tools).length + recordsIn(functions).length > 0 ? ['tools'] : []),
    ...(format?.['type'] === 'json_schema' ? ['schemas of answers'] : []),
    ...(isRecord(prompt) ? ['stored prompts'] : []),
  ]
}

/** Each message has three marks and its role; the answer begins with marks as well. */
const aroundEach = 4
const aroundAnswer = 3

/**
 * Measured for chats; the same is reckoned for responses.
 *
 * Source: OpenAI Cookbook, "How to count tokens with tiktoken".
 */
function aroundMessages(request: JsonObject, { messages, input, instructions }: JsonRecord): number {
  switch (promiseOf(request).shape) {
    case 'chat':
      return sumAround(recordsIn(messages))
    case 'responses':
      return sumAround([
        ...(typeof input === 'string' ? [{}] : recordsIn(input)),
        ...(instructions == null ? [] : [{}]),
      ])
    case 'completions':
    case 'embeddings':
    case 'moderations':
    case 'images':
    case 'opaque':
      return 0
  }
}

/** A message with a name has one mark more. */
const sumAround = (messages: readonly JsonRecord[]): number =>
  messages.reduce((sum, { name }) => sum + aroundEach + (name == null ? 0 : 1), aroundAnswer)
