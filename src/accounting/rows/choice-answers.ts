import { emptyAnswer, type Answer } from './answer.js'
import { asRecord, asText, recordsIn, type JsonRecord } from './json-record.js'
import { boundedMessage, type RowError } from './row-class.js'

/** Reads a chat completion. */
export function readChatAnswer(body: JsonRecord): Answer {
  return readChoices('chat', body, readChatChoice)
}

/** Reads an answer of the older completions endpoint. */
export function readCompletionAnswer(body: JsonRecord): Answer {
  return readChoices('completions', body, readCompletionChoice)
}

interface Choice {
  readonly content: unknown
  readonly toolCalls: readonly unknown[] | null
  readonly finishReason: string | null
  readonly semantic: RowError | null
}

function readChoices(
  shape: 'chat' | 'completions',
  body: JsonRecord,
  readChoice: (choice: JsonRecord) => Choice,
): Answer {
  const choices = recordsIn(body['choices']).map(readChoice)
  const [first] = choices
  if (first === undefined) return { ...emptyAnswer(shape, body), semantic: noChoices }
  return {
    ...emptyAnswer(shape, body),
    ...first,
    contents: choices.length > 1 ? choices.map((choice) => choice.content) : null,
    // One cut choice makes the row a cut one: nobody should find half an answer among whole ones.
    semantic: choices.find((choice) => choice.semantic !== null)?.semantic ?? null,
  }
}

const noChoices: RowError = { code: 'empty_answer', message: 'The answer has no choices.' }

function readChatChoice(choice: JsonRecord): Choice {
  const message = asRecord(choice['message'])
  // Audio answers carry no text; their audio object is the content.
  const content = readContent(message?.['content']) ?? asRecord(message?.['audio'])
  const toolCalls = readToolCalls(message)
  const finishReason = asText(choice['finish_reason'])
  const semantic =
    stopProblem(finishReason) ?? readRefusal(message) ?? (toolCalls === null ? missingContent(content) : null)
  return { content, toolCalls, finishReason, semantic }
}

function readCompletionChoice(choice: JsonRecord): Choice {
  const content = typeof choice['text'] === 'string' ? choice['text'] : null
  const finishReason = asText(choice['finish_reason'])
  return {
    content,
    toolCalls: null,
    finishReason,
    semantic: stopProblem(finishReason) ?? missingContent(content),
  }
}

// Some compatible servers answer with a list of parts where OpenAI answers with text.
function readContent(content: unknown): string | null {
  if (typeof content === 'string') return content
  const texts = recordsIn(content).flatMap((part) => asText(part['text']) ?? [])
  return texts.length > 0 ? texts.join('') : null
}

function readToolCalls(message: JsonRecord | null): readonly unknown[] | null {
  const calls = message?.['tool_calls']
  if (Array.isArray(calls) && calls.length > 0) return calls
  const legacyCall = asRecord(message?.['function_call'])
  return legacyCall === null ? null : [legacyCall]
}

function stopProblem(finishReason: string | null): RowError | null {
  return (finishReason === null ? undefined : stopProblems.get(finishReason)) ?? null
}

const truncated = { code: 'truncated', message: 'The model ran out of tokens; the answer is cut off.' }

// `model_length` and `error` are words of Mistral (Mistral API reference, "Chat completion").
const stopProblems: ReadonlyMap<string, RowError> = new Map([
  ['length', truncated],
  ['model_length', truncated],
  ['content_filter', { code: 'content_filter', message: 'A content filter stopped the answer.' }],
  ['error', { code: 'incomplete', message: 'The model stopped with an error; the answer is not whole.' }],
])

function readRefusal(message: JsonRecord | null): RowError | null {
  const refusal = asText(message?.['refusal'])
  return refusal === null ? null : { code: 'refusal', message: boundedMessage(refusal) }
}

function missingContent(content: unknown): RowError | null {
  return content === null
    ? { code: 'empty_answer', message: 'The answer has no content and calls no tool.' }
    : null
}
