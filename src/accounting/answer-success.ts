import { type JsonObject, isJsonObject } from './decode-line.js'

/**
 * Whether a line of an output or error file says that the request succeeded: no envelope `error`, a 2xx status,
 * and a body without an `error` of its own (servers report a failed Responses run with status 200).
 * Decides which of two answers counts, whichever file they stand in.
 */
export function isSuccessfulAnswer(line: JsonObject): boolean {
  if (line['error'] !== null && line['error'] !== undefined) return false
  const response = line['response']
  if (!isJsonObject(response) || !isSuccessStatus(response['status_code'])) return false
  const body = answerBody(response)
  return isJsonObject(body) && !body['error']
}

/** The response's body; some servers write it as a JSON string, which is then parsed. */
export function answerBody(response: JsonObject): unknown {
  const body = response['body']
  if (typeof body !== 'string') return body
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

function isSuccessStatus(status: unknown): boolean {
  return typeof status === 'number' && status >= 200 && status < 300
}
