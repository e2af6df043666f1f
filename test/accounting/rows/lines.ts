import assert from 'node:assert/strict'
import { decodeBytes } from '../../../src/accounting/decode-line.js'
import { readResultLine, type ResultLine } from '../../../src/accounting/rows/result-line.js'

/** A line as read from `batch_output_1.jsonl:1`. */
export function lineOf(value: unknown): ResultLine {
  return readResultLine(value, { file: 'output', line: 1 }, { text: JSON.stringify(value), isTooDeep: false })
}

/** The same from the text of the line. */
export function lineOfText(text: string): ResultLine {
  const decoded = decodeBytes(Buffer.from(text))
  assert(decoded.type === 'object')
  return readResultLine(decoded.value, { file: 'output', line: 1 }, decoded)
}

/** A line whose request was answered with this status and body. */
export function answered(statusCode: number, body: unknown, error: unknown = null): ResultLine {
  return lineOf({
    id: 'batch_req_1',
    custom_id: 'a',
    response: { status_code: statusCode, request_id: 'r', body },
    error,
  })
}

/** A line whose request was never answered. */
export function unanswered(error: unknown): ResultLine {
  return lineOf({ id: 'batch_req_1', custom_id: 'a', response: null, error })
}

/** A chat completion with one choice. */
export function chat(
  message: Record<string, unknown>,
  finishReason: string | null = 'stop',
): Record<string, unknown> {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finishReason }],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  }
}

/** A chat completion that answers with this text. */
export function chatText(text: string): ResultLine {
  return answered(200, chat({ content: text }))
}
