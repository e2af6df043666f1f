import { emptyAnswer, type Answer } from './answer.js'
import { readChatAnswer, readCompletionAnswer } from './choice-answers.js'
import { isRecord, recordsIn, type JsonRecord } from './json-record.js'
import { readResponsesAnswer } from './responses-answer.js'

/** Reads the answer out of the body of a 2xx row. Goes by the shape of the body: one URL serves several shapes. */
export function readAnswer(body: JsonRecord): Answer {
  if (isChat(body)) return readChatAnswer(body)
  if (isCompletion(body)) return readCompletionAnswer(body)
  if (body['object'] === 'response' || Array.isArray(body['output'])) return readResponsesAnswer(body)
  if (isEmbedding(body)) return readEmbeddings(body)
  return { ...emptyAnswer('opaque', body), content: body }
}

function isCompletion(body: JsonRecord): boolean {
  if (!Array.isArray(body['choices'])) return false
  return body['object'] === 'text_completion' || recordsIn(body['choices']).some((choice) => 'text' in choice)
}

function isChat(body: JsonRecord): boolean {
  return Array.isArray(body['choices']) && !isCompletion(body)
}

function isEmbedding(body: JsonRecord): boolean {
  const first: unknown = Array.isArray(body['data']) ? body['data'][0] : undefined
  return isRecord(first) && 'embedding' in first
}

function readEmbeddings(body: JsonRecord): Answer {
  const vectors = recordsIn(body['data'])
    .toSorted(byIndex)
    .map((entry) => entry['embedding'])
  const answer = { ...emptyAnswer('embeddings', body), content: vectors.length === 1 ? vectors[0] : vectors }
  if (vectors.every(isVector)) return answer
  return {
    ...answer,
    semantic: { code: 'empty_answer', message: 'An embedding in the answer has no vector.' },
  }
}

// Several inputs in one request come back with an index each; the order of the list is not promised.
function byIndex(left: JsonRecord, right: JsonRecord): number {
  return Number(left['index'] ?? 0) - Number(right['index'] ?? 0)
}

function isVector(value: unknown): boolean {
  return (Array.isArray(value) || typeof value === 'string') && value.length > 0
}
