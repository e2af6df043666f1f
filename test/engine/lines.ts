/** Lines as the content of a file. */
export const jsonl = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** Ids `row-1` to `row-<count>`. */
export const idsUpTo = (count: number, prefix = 'row-'): string[] =>
  Array.from({ length: count }, (_, position) => `${prefix}${position + 1}`)

/** A request as people upload it. */
export function requestLine(id: string, content = `Say ${id}.`): string {
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content }] }
  return JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body })
}

export interface AnswerParts {
  readonly finishReason?: string
  readonly refusal?: string
  /** Instead of the one choice made from the content. */
  readonly choices?: readonly unknown[]
}

/** A chat answer as OpenAI writes it to the output file. */
export function answerLine(id: string, content: string | null, parts: AnswerParts = {}): string {
  const message = { role: 'assistant', content, refusal: parts.refusal ?? null }
  const choice = { index: 0, message, logprobs: null, finish_reason: parts.finishReason ?? 'stop' }
  return responseLine(id, 200, {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'gpt-4o-mini-2024-07-18',
    choices: parts.choices ?? [choice],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
  })
}

/** A line with a status and any body. */
export function responseLine(id: string, status: number, body: unknown): string {
  const response = { status_code: status, request_id: `req_${id}`, body }
  return JSON.stringify({ id: `batch_req_${id}`, custom_id: id, response, error: null })
}

/** A request the endpoint refused, as OpenAI writes it to the error file. */
export function errorLine(id: string, status = 400, code = 'invalid_value'): string {
  const error = { message: `No ${id} for you.`, type: 'invalid_request_error', param: null, code }
  return responseLine(id, status, { error })
}

/** A request that never reached the endpoint: no response, an error beside it. */
export function unansweredLine(id: string, code = 'batch_expired'): string {
  const error = { code, message: 'This request could not be executed.' }
  return JSON.stringify({ id: `batch_req_${id}`, custom_id: id, response: null, error })
}

/** Metadata as a file holds it. */
export const metadataText = (fields: Readonly<Record<string, unknown>>): string =>
  `${JSON.stringify({ batch_id: 'batch_1', input_file_id: 'file-1', ...fields })}\n`

/** Input and output of a triple whose every request is answered with its id. */
export function answeredTriple(index: string, ids: readonly string[]): Record<string, string> {
  return {
    [`workdir/batch_input_${index}.jsonl`]: jsonl(...ids.map((id) => requestLine(id))),
    [`workdir/batch_output_${index}.jsonl`]: jsonl(...ids.map((id) => answerLine(id, `Here is ${id}.`))),
  }
}
