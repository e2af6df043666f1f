import { asRecord, type JsonRecord } from './json-record.js'
import type { RowError } from './row-class.js'

/** What a successful body says, whichever endpoint it came from. */
export interface Answer {
  readonly shape: 'chat' | 'responses' | 'completions' | 'embeddings' | 'opaque'
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
  /** Token counts as the server wrote them; never interpreted. */
  readonly usage: JsonRecord | null
  /** Set when the answer came but cannot be taken for a whole one. */
  readonly semantic: RowError | null
}

/** True when the expected content type applies: the answer is text written by a model. */
export function isTextAnswer(answer: Answer): boolean {
  return answer.shape !== 'embeddings' && answer.shape !== 'opaque'
}

/** The fields that every shape shares, before the shape fills in its own. */
export function emptyAnswer(shape: Answer['shape'], body: JsonRecord): Answer {
  return {
    shape,
    content: null,
    contents: null,
    toolCalls: null,
    finishReason: null,
    usage: asRecord(body['usage']),
    semantic: null,
  }
}
