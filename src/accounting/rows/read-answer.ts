import { emptyAnswer, type Answer } from './answer.js'
import { choicesIn, readChatAnswer, readCompletionAnswer } from './choice-answers.js'
import { recordsIn, isRecord, type JsonRecord } from './json-record.js'
import { isImage, isVerdict, listIn, readEmbeddings, readImages, readModeration } from './listed-answers.js'
import type { AnswerShape, RequestPromise } from './promise.js'
import { readResponsesAnswer } from './responses-answer.js'

/** An answer, or what the body is instead of the one that was promised. */
export type AnswerReading =
  | { readonly type: 'answer'; readonly answer: Answer }
  | { readonly type: 'echo' }
  | { readonly type: 'wrong-shape'; readonly shape: AnswerShape }
  | { readonly type: 'unknown' }

/**
 * Reads the answer out of the body of a row that did not fail. The endpoint of the request says what it must look
 * like; where that is not known, a body that is plainly of a known shape is read as one, and any other is kept whole.
 */
export function readAnswer(body: JsonRecord, { shape: promised, answers }: RequestPromise): AnswerReading {
  if (isEcho(body)) return { type: 'echo' }
  const found = plainShapeOf(body) ?? emptyShapeOf(body, promised)
  if (promised === 'opaque' || promised === found) {
    return { type: 'answer', answer: readers[found](body, answers) }
  }
  return found === 'opaque' ? { type: 'unknown' } : { type: 'wrong-shape', shape: found }
}

const readers: Readonly<Record<AnswerShape, (body: JsonRecord, expected: number | null) => Answer>> = {
  chat: readChatAnswer,
  completions: readCompletionAnswer,
  responses: readResponsesAnswer,
  embeddings: readEmbeddings,
  moderations: readModeration,
  images: readImages,
  opaque: (body) => ({ ...emptyAnswer('opaque', body), content: body }),
}

/** The shape that a body plainly has; `null` for none, and for a list with nothing in it to tell by. */
function plainShapeOf(body: JsonRecord): AnswerShape | null {
  const choices = choicesIn(body).filter(isRecord)
  if (body['object'] === 'chat.completion' || choices.some((choice) => 'message' in choice)) return 'chat'
  if (body['object'] === 'text_completion' || choices.some((choice) => 'text' in choice)) return 'completions'
  if (body['object'] === 'response' || recordsIn(body['output']).some(isItem)) return 'responses'
  if (listIn(body['data']).some((entry) => isRecord(entry) && 'embedding' in entry)) return 'embeddings'
  if (listIn(body['data']).some((entry) => isRecord(entry) && isImage(entry))) return 'images'
  return listIn(body['results']).some((entry) => isRecord(entry) && isVerdict(entry)) ? 'moderations' : null
}

const isItem = (item: JsonRecord): boolean => typeof item['type'] === 'string'

/** The field that holds the answers of each endpoint. */
const holders: Readonly<Record<Exclude<AnswerShape, 'opaque'>, string>> = {
  chat: 'choices',
  completions: 'choices',
  responses: 'output',
  embeddings: 'data',
  moderations: 'results',
  images: 'data',
}

/** The place for answers is there and nothing is in it: an answer of that shape came, and it is empty. */
function emptyShapeOf(body: JsonRecord, promised: AnswerShape): AnswerShape {
  if (promised !== 'opaque' && holders[promised] in body) return promised
  return 'choices' in body ? 'chat' : 'opaque'
}

/** The fields of a request. An answer may repeat one (a video job its `prompt`), but it has a name of its own. */
const askingFields = ['messages', 'input', 'prompt'] as const

function isEcho(body: JsonRecord): boolean {
  const isAsking = askingFields.some((field) => body[field] != null)
  const isNamed = typeof body['id'] === 'string' || typeof body['object'] === 'string'
  return isAsking && !isNamed && !Object.values(holders).some((field) => field in body)
}
