import {
  emptyAnswer,
  emptyFault,
  hasWords,
  isAskingRole,
  isNameless,
  type Answer,
  type AnswerFault,
} from './answer.js'
import { asRecord, asText, isRecord, recordsIn, type JsonRecord } from './json-record.js'
import { boundedMessage } from './row-class.js'
import { faultOfReason, unknownStop } from './stop-reasons.js'

/** Reads an answer of the Responses endpoint. A body with status `failed` never gets here: it is an error. */
export function readResponsesAnswer(body: JsonRecord): Answer {
  const items = isRecord(body['output']) ? [body['output']] : recordsIn(body['output'])
  const messages = items.filter((item) => item['type'] === 'message' && !isAskingRole(item['role']))
  const parts = messages.flatMap((item) => recordsIn(item['content']))
  const texts = parts.flatMap((part) => (part['type'] === 'output_text' ? textOf(part) : []))
  const calls = items.filter(isCall)
  const content = texts.length > 0 ? texts.join('') : null
  const fault = statusFault(body) ?? itemFault(items) ?? readRefusal(parts)
  const isAnswered = (content !== null && hasWords(content)) || items.some((item) => isAnswer(item, items))
  return {
    ...emptyAnswer('responses', body),
    content,
    toolCalls: calls.length > 0 ? calls : null,
    finishReason: incompleteReason(body) ?? asText(body['status']),
    fault:
      semantic(fault) ??
      (isAnswered ? null : emptyFault('The response has no text and no call that waits for an answer.')) ??
      fault,
  }
}

const semantic = (fault: AnswerFault | null): AnswerFault | null =>
  fault?.class === 'semantic' ? fault : null

function textOf(part: JsonRecord): readonly string[] {
  return typeof part['text'] === 'string' ? [part['text']] : []
}

function isCall(item: JsonRecord): boolean {
  return asText(item['type'])?.endsWith('_call') === true || item['type'] === 'mcp_approval_request'
}

/**
 * What the user has to answer, or is the answer itself (OpenAI API reference, response object, `output`). All other
 * calls are steps that the server took on its own: a search, a file, code that it ran.
 */
const userCalls: ReadonlySet<unknown> = new Set([
  'function_call',
  'custom_tool_call',
  'mcp_approval_request',
  'computer_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
])

function isAnswer(item: JsonRecord, items: readonly JsonRecord[]): boolean {
  // The picture is the answer (OpenAI guide, "Image generation", Responses API).
  if (item['type'] === 'image_generation_call') return asText(item['result']) !== null
  return userCalls.has(item['type']) && !isNameless(item) && !isAnsweredByServer(item, items)
}

/** A shell may run in a container of the server, whose output then stands beside the call. */
function isAnsweredByServer(call: JsonRecord, items: readonly JsonRecord[]): boolean {
  const id = asText(call['call_id'])
  const output = `${asText(call['type'])}_output`
  return id !== null && items.some((item) => item['type'] === output && item['call_id'] === id)
}

function incompleteReason(body: JsonRecord): string | null {
  return asText(asRecord(body['incomplete_details'])?.['reason'])
}

/**
 * Without a `status` the response counts as ended: the field is optional (OpenAI OpenAPI description, schema
 * `Response`, not among `required`), and what is incomplete has `incomplete_details`.
 */
function statusFault(body: JsonRecord): AnswerFault | null {
  const reason = incompleteReason(body)
  if (reason !== null) return faultOfReason(reason) ?? incomplete(body['status'], reason)
  return endFault(body['status'], null)
}

function endFault(given: unknown, what: string | null): AnswerFault | null {
  if (given === null || given === undefined || given === '') return null
  const status = typeof given === 'string' ? given.toLowerCase() : ''
  if (status === 'completed') return null
  return unfinishedStatuses.has(status) ? incomplete(given, what) : unknownStop(given)
}

/** The statuses of a response and of its items but for `completed` (OpenAI API reference, response object). */
const unfinishedStatuses: ReadonlySet<string> = new Set([
  'in_progress',
  'cancelled',
  'queued',
  'incomplete',
  'failed',
])

function incomplete(status: unknown, reason: string | null): AnswerFault {
  const suffix = reason === null ? '' : ` (${reason.slice(0, 200)})`
  const words = asText(status) ?? 'incomplete'
  return {
    class: 'semantic',
    code: 'incomplete',
    message: `The response ended with status "${words.slice(0, 200)}"${suffix}.`,
  }
}

/** Each message and each call has a status of its own; steps of the server may fail on the way to an answer. */
function itemFault(items: readonly JsonRecord[]): AnswerFault | null {
  const faults = items.filter(isForUser).flatMap(({ status }) => endFault(status, 'a part of it') ?? [])
  return faults.find((fault) => semantic(fault) !== null) ?? faults[0] ?? null
}

const isForUser = ({ type }: JsonRecord): boolean => type === 'message' || userCalls.has(type)

function readRefusal(parts: readonly JsonRecord[]): AnswerFault | null {
  const refusal = parts.find((part) => part['type'] === 'refusal')
  if (refusal === undefined) return null
  const message = boundedMessage(asText(refusal['refusal']) ?? 'The model refused.')
  return { class: 'semantic', code: 'refusal', message }
}
