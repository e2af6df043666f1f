import type { TokenCounts } from '../../../machines/index.js'
import { asRecord, type JsonRecord } from '../rows/json-record.js'

export type { TokenCounts }

/**
 * The `usage` of an answer's body: `prompt_tokens` and `completion_tokens` (chat, completions, embeddings), or
 * `input_tokens` and `output_tokens` (Responses), with their details. `null` where it names no input, or a number that
 * cannot be: nobody guesses what was paid.
 *
 * Source: OpenAI API reference, the chat completion object, the response object, create embeddings.
 */
export function tokensOf(usage: JsonRecord): TokenCounts | null {
  const input = usage['prompt_tokens'] ?? usage['input_tokens']
  const output = usage['completion_tokens'] ?? usage['output_tokens'] ?? 0
  const cached = detailOf(usage, 'prompt_tokens_details', 'input_tokens_details', 'cached_tokens')
  const reasoning = detailOf(usage, 'completion_tokens_details', 'output_tokens_details', 'reasoning_tokens')
  const counts = { input, cached, output, reasoning }
  return isCounts(counts) && counts.cached <= counts.input && counts.reasoning <= counts.output
    ? counts
    : null
}

function detailOf(usage: JsonRecord, chat: string, responses: string, name: string): unknown {
  return asRecord(usage[chat] ?? usage[responses])?.[name] ?? 0
}

const isCounts = (counts: Readonly<Record<keyof TokenCounts, unknown>>): counts is TokenCounts =>
  Object.values(counts).every((count) => Number.isSafeInteger(count) && (count as number) >= 0)
