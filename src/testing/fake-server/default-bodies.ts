import type { BatchRequest } from './wire.js'

/** What a response body is made from. */
export interface BodyFacts {
  readonly request: BatchRequest
  /** Letters and digits unique to this request and run, for ids inside the body. */
  readonly tag: string
  /** The answer's text; `null` when the model refused. */
  readonly text: string | null
  readonly refusal: string | null
  /** In the words of chat completions: `stop`, `length` or `content_filter`. */
  readonly finishReason: 'stop' | 'length' | 'content_filter'
  /** Seconds since 1970. */
  readonly createdAt: number
}

/** The body that the endpoint of the request answers with. */
export function responseBody(facts: BodyFacts): Record<string, unknown> {
  const { url } = facts.request
  if (url.endsWith('/chat/completions')) return chatBody(facts)
  if (url.endsWith('/responses')) return responsesBody(facts)
  if (url.endsWith('/embeddings')) return embeddingsBody(facts)
  if (url.endsWith('/completions')) return completionBody(facts)
  if (url.endsWith('/moderations')) return moderationBody(facts)
  return imageBody(facts)
}

/** Tokens of the request and of the answer; four bytes are taken for one. */
export function tokensOf({ request, text, refusal }: BodyFacts): {
  readonly input: number
  readonly output: number
} {
  return { input: tokens(JSON.stringify(request.body)), output: tokens(text ?? refusal ?? '') }
}

function tokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4))
}

function chatBody(facts: BodyFacts): Record<string, unknown> {
  const { request, tag, text, refusal, finishReason, createdAt } = facts
  const message = { role: 'assistant', content: text, refusal, annotations: [] }
  return {
    id: `chatcmpl-${tag}`,
    object: 'chat.completion',
    created: createdAt,
    model: request.body['model'],
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    usage: chatUsage(facts),
    service_tier: 'default',
    system_fingerprint: null,
  }
}

function chatUsage(facts: BodyFacts): Record<string, unknown> {
  const { input, output } = tokensOf(facts)
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  }
}

function responsesBody(facts: BodyFacts): Record<string, unknown> {
  const { request, tag, text, refusal, finishReason, createdAt } = facts
  const isComplete = finishReason === 'stop'
  const reason = finishReason === 'length' ? 'max_output_tokens' : 'content_filter'
  const part =
    refusal === null ? { type: 'output_text', annotations: [], text } : { type: 'refusal', refusal }
  const status = isComplete ? 'completed' : 'incomplete'
  return {
    id: `resp_${tag}`,
    object: 'response',
    created_at: createdAt,
    status,
    error: null,
    incomplete_details: isComplete ? null : { reason },
    model: request.body['model'],
    output: [{ id: `msg_${tag}`, type: 'message', status, role: 'assistant', content: [part] }],
    usage: responsesUsage(facts),
  }
}

function responsesUsage(facts: BodyFacts): Record<string, unknown> {
  const { input, output } = tokensOf(facts)
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  }
}

function embeddingsBody(facts: BodyFacts): Record<string, unknown> {
  const { model, input, dimensions } = facts.request.body
  const inputs: readonly unknown[] = Array.isArray(input) ? input : [input]
  const length = typeof dimensions === 'number' ? dimensions : 8
  const { input: tokenCount } = tokensOf(facts)
  return {
    object: 'list',
    data: inputs.map((_, index) => ({
      object: 'embedding',
      index,
      embedding: vector(facts.tag, index, length),
    })),
    model,
    usage: { prompt_tokens: tokenCount, total_tokens: tokenCount },
  }
}

/** Numbers between -1 and 1 that follow from the tag. */
function vector(tag: string, index: number, length: number): number[] {
  const start = Number.parseInt(tag.slice(0, 8), 16) + index
  return Array.from({ length }, (_, position) => Number(Math.sin(start + position * 7919).toFixed(6)))
}

function completionBody(facts: BodyFacts): Record<string, unknown> {
  const { request, tag, text, finishReason, createdAt } = facts
  return {
    id: `cmpl-${tag}`,
    object: 'text_completion',
    created: createdAt,
    model: request.body['model'],
    choices: [{ text: text ?? '', index: 0, logprobs: null, finish_reason: finishReason }],
    usage: chatUsage(facts),
  }
}

function moderationBody({ request, tag }: BodyFacts): Record<string, unknown> {
  const result = { flagged: false, categories: { violence: false }, category_scores: { violence: 0.0001 } }
  return { id: `modr-${tag}`, model: request.body['model'] ?? 'omni-moderation-latest', results: [result] }
}

function imageBody({ text, createdAt }: BodyFacts): Record<string, unknown> {
  return { created: createdAt, data: [{ b64_json: Buffer.from(text ?? '').toString('base64') }] }
}
