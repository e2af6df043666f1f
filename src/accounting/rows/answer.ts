import { asRecord, asText, type JsonRecord } from './json-record.js'
import type { AnswerShape } from './promise.js'
import type { RowError } from './row-class.js'

/** What a body says, whichever endpoint it came from. */
export interface Answer {
  readonly shape: AnswerShape
  /**
   * Text of the (first) answer; a vector or a list of vectors for embeddings (base64 text is kept as given);
   * the whole body for anything else; `null` for an answer that has none, such as a pure tool call.
   */
  readonly content: unknown
  /** Every content in order when the request asked for several (`n` > 1), else `null`. */
  readonly contents: readonly unknown[] | null
  /** Tool or function calls as the server wrote them; `null` when there are none. */
  readonly toolCalls: readonly unknown[] | null
  /** Why the model stopped, in the server's words. */
  readonly finishReason: string | null
  /** Who answered, as the body names it. */
  readonly model: string | null
  /** Token counts as the server wrote them; never interpreted. */
  readonly usage: JsonRecord | null
  /** `null` exactly for an answer that is shown to be whole. */
  readonly fault: AnswerFault | null
}

/** Why an answer that came is no success. */
export interface AnswerFault extends RowError {
  readonly class: 'semantic' | 'unproven'
}

/** True when the expected content type applies: the answer is text written by a model. */
export function isTextAnswer({ shape }: Answer): boolean {
  return shape === 'chat' || shape === 'completions' || shape === 'responses'
}

/** The fields that every shape shares, before the shape fills in its own. */
export function emptyAnswer(shape: AnswerShape, body: JsonRecord): Answer {
  return {
    shape,
    content: null,
    contents: null,
    toolCalls: null,
    finishReason: null,
    model: modelIn(body),
    usage: asRecord(body['usage']),
    fault: null,
  }
}

/** The model that a body names; an empty name is one as well, since nobody looks at what names say. */
export function modelIn(body: JsonRecord): string | null {
  const { model } = body
  return typeof model === 'string' ? model : null
}

/** An answer came, and what was asked for is not in it. */
export function emptyFault(message: string): AnswerFault {
  return { class: 'semantic', code: 'empty_answer', message }
}

/** The answer has another number of things than the request asked for; `null` when they agree. */
export function countFault(found: number, expected: number | null, noun: string): AnswerFault | null {
  if (expected === null || found === expected) return null
  const code = found < expected ? 'fewer_answers' : 'more_answers'
  return { class: 'semantic', code, message: `The answer has ${found} of ${expected} ${noun}.` }
}

const askingRoles: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'tool', 'function'])

/** True for who speaks in a request (OpenAI API reference, "Create chat completion", `messages`). */
export function isAskingRole(role: unknown): boolean {
  return askingRoles.has(role)
}

/** True for a call that has a place for the name of what it calls, and none in it. */
export function isNameless(call: JsonRecord): boolean {
  return 'name' in call && asText(call['name']) === null
}

/** True for text with something to read in it: white space alone answers nobody. */
export function hasWords(text: string): boolean {
  return /\S/.test(text)
}
