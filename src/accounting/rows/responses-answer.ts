import { emptyAnswer, type Answer } from './answer.js'
import { asRecord, asText, recordsIn, type JsonRecord } from './json-record.js'
import { boundedMessage, type RowError } from './row-class.js'

/** Reads an answer of the Responses endpoint. A body with status `failed` never gets here: it is an error. */
export function readResponsesAnswer(body: JsonRecord): Answer {
  const items = recordsIn(body['output'])
  const parts = items.flatMap((item) => (item['type'] === 'message' ? recordsIn(item['content']) : []))
  const texts = parts.flatMap((part) => (part['type'] === 'output_text' ? textOf(part) : []))
  const calls = items.filter((item) => asText(item['type'])?.endsWith('_call') === true)
  const content = texts.length > 0 ? texts.join('') : null
  const hasAnswer = content !== null || calls.length > 0
  return {
    ...emptyAnswer('responses', body),
    content,
    toolCalls: calls.length > 0 ? calls : null,
    finishReason: incompleteReason(body) ?? asText(body['status']),
    semantic: statusProblem(body) ?? readRefusal(parts) ?? (hasAnswer ? null : noOutput),
  }
}

const noOutput: RowError = { code: 'empty_answer', message: 'The response has no output.' }

function textOf(part: JsonRecord): readonly string[] {
  return typeof part['text'] === 'string' ? [part['text']] : []
}

function incompleteReason(body: JsonRecord): string | null {
  return asText(asRecord(body['incomplete_details'])?.['reason'])
}

function statusProblem(body: JsonRecord): RowError | null {
  const status = asText(body['status'])
  if (status === null || status === 'completed') return null
  const reason = incompleteReason(body)
  if (reason === 'max_output_tokens') {
    return { code: 'truncated', message: 'The model ran out of tokens; the answer is cut off.' }
  }
  if (reason === 'content_filter') {
    return { code: 'content_filter', message: 'A content filter stopped the answer.' }
  }
  const suffix = reason === null ? '' : ` (${boundedMessage(reason)})`
  return {
    code: 'incomplete',
    message: `The response ended with status "${boundedMessage(status)}"${suffix}.`,
  }
}

function readRefusal(parts: readonly JsonRecord[]): RowError | null {
  const refusal = parts.find((part) => part['type'] === 'refusal')
  if (refusal === undefined) return null
  return { code: 'refusal', message: boundedMessage(asText(refusal['refusal']) ?? 'The model refused.') }
}
