import type { AnswerFault } from './answer.js'

type Meaning = 'whole' | 'calls' | 'cut' | 'filtered' | 'refused' | 'broken'

interface StopReasons {
  readonly meaning: Meaning
  readonly words: readonly string[]
  /** Where the words are documented. */
  readonly source: string
}

/**
 * Why a model stopped, as servers say it, without regard to case. A word that stands nowhere here proves nothing.
 * `calls`: it stopped for a tool, which the older completions endpoint cannot do.
 */
const stopReasons: readonly StopReasons[] = [
  {
    source: 'OpenAI API reference, chat completion object, finish_reason; vLLM and SGLang serve the same',
    meaning: 'whole',
    words: ['stop'],
  },
  { source: 'the same', meaning: 'calls', words: ['tool_calls', 'function_call'] },
  { source: 'the same', meaning: 'cut', words: ['length'] },
  { source: 'the same', meaning: 'filtered', words: ['content_filter'] },
  {
    source: 'OpenAI API reference, response object, incomplete_details.reason',
    meaning: 'cut',
    words: ['max_output_tokens'],
  },
  {
    source: 'Anthropic API reference, Messages, stop_reason',
    meaning: 'whole',
    words: ['end_turn', 'stop_sequence'],
  },
  { source: 'the same', meaning: 'calls', words: ['tool_use'] },
  { source: 'the same', meaning: 'cut', words: ['max_tokens', 'model_context_window_exceeded'] },
  { source: 'the same', meaning: 'refused', words: ['refusal'] },
  { source: 'the same: the turn is to be continued', meaning: 'broken', words: ['pause_turn'] },
  // STOP and MAX_TOKENS are spelled like the words above.
  {
    source: 'Gemini API reference, FinishReason (also as `content_filter: SAFETY`)',
    meaning: 'filtered',
    words: [
      'safety',
      'recitation',
      'language',
      'blocklist',
      'prohibited_content',
      'spii',
      'image_safety',
      'image_prohibited_content',
      'image_recitation',
      'model_armor',
    ],
  },
  {
    source: 'the same',
    meaning: 'broken',
    words: [
      'other',
      'malformed_function_call',
      'unexpected_tool_call',
      'too_many_tool_calls',
      'missing_thought_signature',
      'malformed_response',
      'image_other',
      'no_image',
    ],
  },
  {
    source: 'Mistral API reference, chat completion, finish_reason',
    meaning: 'cut',
    words: ['model_length'],
  },
  { source: 'the same; vLLM, FINISH_REASON_STRINGS', meaning: 'broken', words: ['error'] },
  {
    source: 'vLLM, v1/engine FINISH_REASON_STRINGS; SGLang, finish reason FINISH_ABORT',
    meaning: 'broken',
    words: ['abort', 'aborted', 'repetition'],
  },
  {
    source: 'GLM (Z.ai) API reference, chat completion, finish_reason',
    meaning: 'filtered',
    words: ['sensitive'],
  },
  { source: 'the same', meaning: 'broken', words: ['network_error'] },
  {
    source: 'DeepSeek API reference, create chat completion, finish_reason',
    meaning: 'broken',
    words: ['insufficient_system_resource'],
  },
  { source: 'MiniMax API reference, ChatCompletion, finish_reason', meaning: 'cut', words: ['max_output'] },
  { source: 'Hugging Face TGI, FinishReason; Together AI', meaning: 'whole', words: ['eos_token', 'eos'] },
  { source: 'Baidu Qianfan, chat, finish_reason', meaning: 'whole', words: ['normal'] },
  { source: 'Cohere API reference, chat, finish_reason', meaning: 'whole', words: ['complete'] },
  { source: 'the same', meaning: 'calls', words: ['tool_call'] },
  { source: 'the same', meaning: 'cut', words: ['error_limit'] },
  { source: 'the same', meaning: 'filtered', words: ['error_toxic'] },
  { source: 'the same', meaning: 'broken', words: ['timeout', 'user_cancel'] },
  {
    source: 'Amazon Bedrock, Converse, stopReason',
    meaning: 'filtered',
    words: ['guardrail_intervened', 'content_filtered'],
  },
  { source: 'the same', meaning: 'broken', words: ['malformed_model_output', 'malformed_tool_use'] },
  { source: 'xAI API, FinishReason', meaning: 'whole', words: ['reason_stop'] },
  { source: 'the same', meaning: 'calls', words: ['reason_tool_calls'] },
  {
    source: 'the same',
    meaning: 'cut',
    words: ['reason_max_len', 'reason_max_context', 'reason_time_limit'],
  },
  {
    source: 'IBM watsonx.ai, text generation, stop_reason',
    meaning: 'cut',
    words: ['token_limit', 'time_limit'],
  },
  { source: 'the same', meaning: 'broken', words: ['not_finished', 'cancelled', 'canceled'] },
]

const meanings: ReadonlyMap<string, Meaning> = new Map(
  stopReasons.flatMap(({ words, meaning }) => words.map((word) => [word, meaning] as const)),
)

/** How an answer stopped: with nothing to say against it, to call a tool, or with a fault. */
export type Stop = 'whole' | 'calls' | AnswerFault

/**
 * What a choice's stop reason proves. Missing is a fault: the chat and the completions endpoint promise a
 * `finish_reason` in every answer that is not streamed (OpenAI API reference, both objects: required; Mistral, vLLM
 * and DeepSeek likewise), so without one the answer may have been cut. DashScope writes `"null"` while it still writes
 * ("Qwen API reference", finish_reason).
 */
export function stopOf(reason: unknown, endpoint: 'chat' | 'completions'): Stop {
  if (reason === null || reason === undefined) return missingStop
  const word = typeof reason === 'string' ? normalised(reason) : JSON.stringify(reason)
  if (word === '' || word === 'null' || word === 'none') return missingStop
  const meaning = meaningOf(word)
  if (meaning === 'whole' || (meaning === 'calls' && endpoint === 'chat')) return meaning
  return meaning === null || meaning === 'calls' ? unknownStop(reason) : faults[meaning]
}

/** The fault that a reason stands for; `null` for one that is good or unknown. */
export function faultOfReason(reason: string): AnswerFault | null {
  const meaning = meaningOf(normalised(reason))
  return meaning === null || isGood(meaning) ? null : faults[meaning]
}

/** A reason, or a status, that nothing is known of. It may be any JSON value. */
export function unknownStop(reason: unknown): AnswerFault {
  const words = typeof reason === 'string' ? reason : JSON.stringify(reason)
  return {
    class: 'unproven',
    code: 'unknown_stop_reason',
    message: `The model stopped with "${words.slice(0, 200)}", which is not known to mean that the answer is whole.`,
  }
}

/** Gemini's compatible endpoint adds the cause of a fault behind a colon; what is good needs none. */
function meaningOf(word: string): Meaning | null {
  const whole = meanings.get(word)
  if (whole !== undefined) return whole
  const [first = '', ...causes] = word.split(':')
  const meaning = causes.length === 0 ? undefined : meanings.get(first)
  return meaning === undefined || isGood(meaning) ? null : meaning
}

const isGood = (meaning: Meaning): meaning is 'whole' | 'calls' => meaning === 'whole' || meaning === 'calls'

function normalised(reason: string): string {
  if (meanings.has(reason)) return reason
  return reason
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[\s-]+/g, '_')
    .toLowerCase()
    .replace(/^finish_reason[_.]/, '')
}

const missingStop: AnswerFault = {
  class: 'unproven',
  code: 'missing_stop_reason',
  message: 'The answer does not say why it stopped, so it may be cut off.',
}

const faults: Readonly<Record<'cut' | 'filtered' | 'refused' | 'broken', AnswerFault>> = {
  cut: {
    class: 'semantic',
    code: 'truncated',
    message: 'The model ran out of tokens; the answer is cut off.',
  },
  filtered: { class: 'semantic', code: 'content_filter', message: 'A content filter stopped the answer.' },
  refused: { class: 'semantic', code: 'refusal', message: 'The model refused.' },
  broken: {
    class: 'semantic',
    code: 'incomplete',
    message: 'The model stopped before its answer was whole.',
  },
}
