import { isJsonObject, type JsonObject } from '../decode-line.js'
import { advice, quotedIds } from './cures.js'
import type { Dialect } from './dialect.js'
import { encodedTwice } from './text-dialects.js'

/** What a line should be: a request of an input file, or an answer of an output or error file. */
export type RowPlace = 'request' | 'answer'

/** The dialect of a parsed line that was not understood; `null` when no known one fits. */
export function recogniseValue(value: unknown, place: RowPlace): Dialect | null {
  if (typeof value === 'string') return /^\s*[{[]/.test(value) ? encodedTwice : null
  if (Array.isArray(value)) return null
  if (!isJsonObject(value)) return null
  return (
    find(wrongPlace[place], value) ??
    find(rowDialects, value) ??
    bodiesIn(value)
      .map((body) => find(bodyDialects, body))
      .find((found) => found !== null) ??
    find(idDialects, value)
  )
}

/** True for a line of an output or error file. */
export function isAnswerLine(row: JsonObject): boolean {
  return typeof row['custom_id'] === 'string' && ('response' in row || 'error' in row) && !('url' in row)
}

interface RowDialect {
  readonly name: string
  readonly fits: (row: JsonObject) => boolean
  readonly cure?: Dialect['cure']
}

const requestLine: RowDialect = {
  name: 'a request, not an answer',
  fits: ({ url, method, body }) =>
    typeof url === 'string' && typeof method === 'string' && isJsonObject(body),
  cure: advice(
    (file) =>
      `${file} holds requests. Put the answers of this batch in its place, or remove it, so that it is fetched again`,
  ),
}

const answerLine: RowDialect = {
  name: 'an answer, not a request',
  fits: isAnswerLine,
  cure: advice(
    (file) => `${file} holds answers. Put the requests of this batch in its place, as they were uploaded`,
  ),
}

const wrongPlace: Readonly<Record<RowPlace, readonly RowDialect[]>> = {
  request: [answerLine],
  answer: [requestLine],
}

const hasObject = (row: JsonObject, name: string): boolean => isJsonObject(row[name])
const hasText = (row: JsonObject, name: string): boolean => typeof row[name] === 'string'
const hasList = (row: JsonObject, name: string): boolean => Array.isArray(row[name])
const field = (value: unknown, name: string): unknown => (isJsonObject(value) ? value[name] : undefined)

/** Whole rows, told by the names they have. The first that fits wins. */
const rowDialects: readonly RowDialect[] = [
  {
    // docs.anthropic.com, "Message Batches": succeeded, errored, canceled, expired.
    name: 'an Anthropic Message Batches result',
    fits: (row) => hasText(row, 'custom_id') && typeof field(row['result'], 'type') === 'string',
  },
  {
    name: 'an Anthropic Message Batches request',
    fits: (row) => hasText(row, 'custom_id') && hasObject(row, 'params') && !('body' in row),
  },
  {
    // cloud.google.com, "Batch prediction for Gemini": the request is written beside the response.
    name: 'a Vertex AI batch prediction',
    fits: (row) =>
      (hasObject(row, 'request') && (hasObject(row, 'response') || 'processed_time' in row)) ||
      ('instance' in row && ('prediction' in row || 'error' in row)) ||
      hasList(row, 'predictions'),
  },
  {
    name: 'a Vertex AI batch request',
    fits: (row) =>
      hasList(row, 'instances') || (!('key' in row) && hasList(asObject(row['request']), 'contents')),
  },
  {
    // ai.google.dev, "Batch API": lines are matched by `key`.
    name: 'a Gemini batch answer',
    fits: (row) => 'key' in row && (isGemini(row['response']) || hasObject(row, 'error')),
  },
  {
    name: 'a Gemini batch request',
    fits: (row) => 'key' in row && hasObject(row, 'request'),
  },
  {
    // docs.aws.amazon.com/bedrock, "Format and upload your batch inference data".
    name: 'an Amazon Bedrock batch answer',
    fits: (row) => hasText(row, 'recordId') && ('modelOutput' in row || 'error' in row),
  },
  {
    name: 'an Amazon Bedrock batch request',
    fits: (row) => hasText(row, 'recordId') && 'modelInput' in row,
  },
  {
    // docs.mistral.ai, "Batch inference": model and endpoint are given with the job. Its answers are OpenAI's.
    name: 'a Mistral batch request (without method and url)',
    fits: (row) =>
      hasText(row, 'custom_id') && hasObject(row, 'body') && !('url' in row) && !('method' in row),
  },
  {
    name: 'a row of results of batch-reconciler',
    fits: (row) => hasText(row, 'outcome') && hasObject(row, 'source') && 'attempt' in row,
  },
  {
    name: 'an event of the OpenAI Realtime or Responses stream',
    fits: (row) => /^(?:response|session|conversation|input_audio_buffer)\./.test(textOf(row['type'])),
  },
  {
    name: "a description of a batch or file of OpenAI's API",
    fits: (row) => ['batch', 'file'].includes(textOf(row['object'])),
  },
  {
    name: "an error of a server's API",
    fits: (row) =>
      !('custom_id' in row) &&
      !('response' in row) &&
      (typeof field(row['error'], 'message') === 'string' || (hasText(row, 'detail') && onlyField(row))),
  },
  {
    name: 'a file with the lines in a list of one object',
    fits: (row) => Object.values(row).some((value) => isListOfRows(value)),
  },
]

/** Answers or requests themselves, with or without an envelope around them. */
const bodyDialects: readonly RowDialect[] = [
  { name: 'an answer of Gemini', fits: isGemini },
  {
    name: 'an answer of Anthropic',
    fits: ({ type, content }) => type === 'message' && Array.isArray(content),
  },
  {
    name: 'an error of Anthropic',
    fits: ({ type, error }) => type === 'error' && isJsonObject(error),
  },
  {
    // docs.cohere.com, Chat v2 and v1.
    name: 'an answer of Cohere',
    fits: (body) =>
      (hasText(body, 'generation_id') && hasText(body, 'text')) ||
      (hasText(body, 'finish_reason') && hasList(asObject(body['message']), 'content')) ||
      (hasObject(body, 'embeddings') && hasObject(body, 'meta')),
  },
  {
    name: 'an answer of a model on Amazon Bedrock',
    fits: (body) =>
      hasObject(asObject(body['output']), 'message') ||
      hasText(body, 'generation') ||
      ('inputTextTokenCount' in body && hasList(body, 'results')),
  },
  {
    name: 'an answer of Ollama',
    fits: (body) => typeof body['done'] === 'boolean' && ('message' in body || 'response' in body),
  },
  { name: 'an answer of a Hugging Face model', fits: (body) => hasText(body, 'generated_text') },
  {
    name: 'a piece of a streamed chat completion',
    fits: ({ object }) => object === 'chat.completion.chunk',
  },
  {
    name: 'an event of a stream',
    fits: (body) => /^(?:message|content_block)_(?:start|delta|stop)$/.test(textOf(body['type'])),
  },
]

/** Rows that lack their id and nothing else. They are looked at last: other dialects hold such things too. */
const idDialects: readonly RowDialect[] = [
  {
    name: 'a chat completion without its custom_id',
    fits: (row) => lacksId(row) && (row['object'] === 'chat.completion' || hasList(row, 'choices')),
  },
  {
    name: 'an answer of the Responses API without its custom_id',
    fits: (row) => lacksId(row) && (row['object'] === 'response' || hasList(row, 'output')),
  },
  {
    name: 'embeddings without their custom_id',
    fits: (row) => lacksId(row) && row['object'] === 'list' && hasList(row, 'data'),
  },
  {
    name: 'an example for fine-tuning',
    fits: (row) => lacksId(row) && !('model' in row) && (hasList(row, 'messages') || isPromptPair(row)),
  },
  {
    name: 'the body of a request without custom_id, method and url',
    fits: (row) =>
      lacksId(row) && hasText(row, 'model') && ['messages', 'input', 'prompt'].some((name) => name in row),
  },
  {
    name: 'a single message of a chat',
    fits: (row) => lacksId(row) && hasText(row, 'role') && 'content' in row,
  },
  {
    name: 'a row whose custom_id is a number',
    fits: ({ custom_id: id }) => typeof id === 'number',
    cure: quotedIds,
  },
]

function find(dialects: readonly RowDialect[], row: JsonObject): Dialect | null {
  const known = dialects.find(({ fits }) => fits(row))
  return known === undefined ? null : { name: known.name, cure: known.cure ?? rewriteRows }
}

const rewriteRows = advice(
  (file) =>
    `Rewrite the rows of ${file} as OpenAI's Batch API has them: requests with custom_id, method, url and body; answers with custom_id and response: { status_code, body }. docs/needs-attention.md has a script for answers of Anthropic, Gemini and Bedrock`,
)

/** The row itself and what stands where an answer's body may: `response`, `response.body`, `body`, `result.message`. */
function bodiesIn(row: JsonObject): readonly JsonObject[] {
  const { response, body, result } = row
  const places = [row, response, field(response, 'body'), body, field(result, 'message')]
  return places.filter(isJsonObject)
}

function isGemini(value: unknown): boolean {
  return Array.isArray(field(value, 'candidates'))
}

const lacksId = (row: JsonObject): boolean => !('custom_id' in row)
const isPromptPair = (row: JsonObject): boolean => hasText(row, 'prompt') && hasText(row, 'completion')
const onlyField = (row: JsonObject): boolean => Object.keys(row).length === 1
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const asObject = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})

function isListOfRows(value: unknown): boolean {
  return Array.isArray(value) && typeof field(value[0], 'custom_id') === 'string'
}
