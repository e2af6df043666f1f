import {
  countFault,
  emptyAnswer,
  emptyFault,
  hasWords,
  isAskingRole,
  isNameless,
  type Answer,
  type AnswerFault,
} from './answer.js'
import { readLineError } from './line-error.js'
import { asRecord, asText, isRecord, recordsIn, type JsonRecord } from './json-record.js'
import { boundedMessage } from './row-class.js'
import { stopOf, type Stop } from './stop-reasons.js'

/** Reads a chat completion. `expected`: how many choices the request asked for. */
export function readChatAnswer(body: JsonRecord, expected: number | null): Answer {
  return readChoices('chat', body, expected, readChatChoice)
}

/** Reads an answer of the older completions endpoint. */
export function readCompletionAnswer(body: JsonRecord, expected: number | null): Answer {
  return readChoices('completions', body, expected, readCompletionChoice)
}

/** The choices of a body as a list: one that stands there alone, as some servers write it, is a list of one. */
export function choicesIn(body: JsonRecord): readonly unknown[] {
  const choices = body['choices']
  if (Array.isArray(choices)) return choices
  return isRecord(choices) ? [choices] : []
}

interface Choice {
  readonly content: unknown
  readonly toolCalls: readonly unknown[] | null
  readonly finishReason: string | null
  readonly fault: AnswerFault | null
}

function readChoices(
  shape: 'chat' | 'completions',
  body: JsonRecord,
  expected: number | null,
  readChoice: (choice: JsonRecord) => Choice,
): Answer {
  const given = choicesIn(body)
  const choices = given.filter(isRecord).toSorted(byIndex).map(readChoice)
  const [first] = choices
  if (first === undefined) return { ...emptyAnswer(shape, body), fault: noChoices }
  return {
    ...emptyAnswer(shape, body),
    ...first,
    contents: choices.length > 1 ? choices.map((choice) => choice.content) : null,
    fault: worstFault(choices) ?? tooFew(choices.length, Math.max(expected ?? 1, given.length)),
  }
}

/** Several choices come with an index each; the order of the list is not promised. */
export function byIndex(left: JsonRecord, right: JsonRecord): number {
  return indexOf(left) - indexOf(right)
}

// Not `Number(…)`: that throws for an object whose `toString` is no function, and JSON can hold one.
const indexOf = ({ index }: JsonRecord): number => (typeof index === 'number' ? index : 0)

// One cut choice makes the row a cut one: nobody should find half an answer among whole ones.
function worstFault(choices: readonly Choice[]): AnswerFault | null {
  const faults = choices.flatMap(({ fault }) => fault ?? [])
  return faults.find((fault) => fault.class === 'semantic') ?? faults[0] ?? null
}

const tooFew = (found: number, expected: number): AnswerFault | null =>
  found < expected ? countFault(found, expected, 'choices') : null

const noChoices = emptyFault('The answer has no choices.')

function readChatChoice(choice: JsonRecord): Choice {
  const message = messageIn(choice)
  const text = readContent(message?.['content'])
  // Audio answers carry no text; their audio object is the content.
  const content = text ?? asRecord(message?.['audio'])
  const toolCalls = readToolCalls(message)
  const stop = stopOf(choice['finish_reason'], 'chat')
  const fault =
    semanticStop(stop) ??
    choiceError(choice) ??
    readRefusal(message) ??
    missingContent(content, toolCalls) ??
    missingCalls(stop, toolCalls) ??
    unprovenStop(stop)
  return { content, toolCalls, finishReason: asText(choice['finish_reason']), fault }
}

/** The message of a choice; one of another part of the conversation is the request, echoed. */
function messageIn(choice: JsonRecord): JsonRecord | null {
  const message = asRecord(choice['message'])
  return message === null || isAskingRole(message['role']) ? null : message
}

function readCompletionChoice(choice: JsonRecord): Choice {
  const content = typeof choice['text'] === 'string' ? choice['text'] : null
  const stop = stopOf(choice['finish_reason'], 'completions')
  return {
    content,
    toolCalls: null,
    finishReason: asText(choice['finish_reason']),
    fault: semanticStop(stop) ?? choiceError(choice) ?? missingContent(content, null) ?? unprovenStop(stop),
  }
}

// Some compatible servers answer with a list of parts where OpenAI answers with text; thoughts are not the answer.
function readContent(content: unknown): string | null {
  if (typeof content === 'string') return content
  const texts = recordsIn(content).flatMap((part) => (isThought(part) ? [] : (asText(part['text']) ?? [])))
  return texts.length > 0 ? texts.join('') : null
}

function isThought({ type }: JsonRecord): boolean {
  return type === 'thinking' || type === 'reasoning'
}

function readToolCalls(message: JsonRecord | null): readonly unknown[] | null {
  const calls = recordsIn(message?.['tool_calls']).filter(isCall)
  if (calls.length > 0) return calls
  const legacyCall = asRecord(message?.['function_call'])
  return legacyCall !== null && isCall(legacyCall) ? [legacyCall] : null
}

/** What is called stands under the type of the call (`function`, `custom`); a call of nothing asks for nothing. */
function isCall(call: JsonRecord): boolean {
  const parts = [call, ...Object.values(call).filter(isRecord)]
  return Object.keys(call).length > 0 && !parts.some(isNameless)
}

function semanticStop(stop: Stop): AnswerFault | null {
  return typeof stop === 'object' && stop.class === 'semantic' ? stop : null
}

function unprovenStop(stop: Stop): AnswerFault | null {
  return typeof stop === 'object' ? stop : null
}

// OpenRouter puts the error of a provider beside the message (OpenRouter, "Errors", non-streaming).
function choiceError(choice: JsonRecord): AnswerFault | null {
  const error = readLineError(choice['error'])
  if (error === null) return null
  const words = error.message ?? error.code ?? 'an error without words'
  return {
    class: 'semantic',
    code: 'incomplete',
    message: boundedMessage(`A choice ended with an error: ${words}`),
  }
}

function readRefusal(message: JsonRecord | null): AnswerFault | null {
  const refusal = asText(message?.['refusal'])
  return refusal === null ? null : { class: 'semantic', code: 'refusal', message: boundedMessage(refusal) }
}

function missingContent(content: unknown, toolCalls: readonly unknown[] | null): AnswerFault | null {
  const hasContent = typeof content === 'string' ? hasWords(content) : isFilled(content)
  return hasContent || toolCalls !== null ? null : emptyFault('The answer has no content and calls no tool.')
}

function missingCalls(stop: Stop, toolCalls: readonly unknown[] | null): AnswerFault | null {
  if (stop !== 'calls' || toolCalls !== null) return null
  return {
    class: 'semantic',
    code: 'missing_tool_calls',
    message: 'The model stopped to call a tool, and the answer has no call.',
  }
}

const isFilled = (value: unknown): boolean => isRecord(value) && Object.keys(value).length > 0
