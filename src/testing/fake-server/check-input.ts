import type { CheckedInput, ServerLimits } from './state.js'
import { isJsonObject, type BatchErrorObject, type BatchRequest } from './wire.js'

/** More problems than this are not listed; a file of 50,000 bad lines must not make a reply of megabytes. */
const maximumProblems = 100

/** What validation compares an input file with. */
export interface InputExpectations {
  readonly endpoint: string
  readonly models: ReadonlySet<string> | null
  readonly limits: ServerLimits
}

/**
 * The server's validation of an input file, with the codes it uses (`errors.data[].code`). One bad line fails the
 * whole batch. Sources: OpenAI guide, "Batch API"; the Llama Stack suite `test_batches_errors.py`, which records
 * what OpenAI answered.
 */
export function checkInput(bytes: Uint8Array, expectations: InputExpectations): CheckedInput {
  const problems: BatchErrorObject[] = []
  const requests: BatchRequest[] = []
  const seen: SeenSoFar = { ids: new Set(), model: null }
  const lines = linesOf(bytes)
  for (const [index, text] of lines) {
    const found = problemsOfLine(text, expectations, seen)
    problems.push(...found.problems.map((problem) => ({ ...problem, line: index + 1 })))
    if (found.request !== null) requests.push(found.request)
  }
  problems.push(...problemsOfFile(lines.length, bytes, expectations.limits))
  const tokens = Math.ceil(bytes.byteLength / 4)
  return { requests, problems: problems.slice(0, maximumProblems), model: seen.model, tokens }
}

interface SeenSoFar {
  readonly ids: Set<string>
  model: string | null
}

type LineProblem = Omit<BatchErrorObject, 'line'>

interface LineFinding {
  readonly request: BatchRequest | null
  readonly problems: readonly LineProblem[]
}

function linesOf(bytes: Uint8Array): readonly (readonly [number, string])[] {
  const lines = new TextDecoder().decode(bytes).split('\n')
  return lines.flatMap((text, index) => (text.trim() === '' ? [] : [[index, text] as const]))
}

function problemsOfFile(lines: number, bytes: Uint8Array, limits: ServerLimits): BatchErrorObject[] {
  if (bytes.byteLength === 0) return [fileProblem('empty_file', 'The input file is empty.')]
  if (lines === 0) return [fileProblem('empty_batch', 'The input file has no requests.')]
  if (lines <= limits.requestsPerBatch) return []
  return [
    fileProblem(
      'too_many_tasks',
      `The batch has ${lines} requests; at most ${limits.requestsPerBatch} are allowed.`,
    ),
  ]
}

function fileProblem(code: string, message: string): BatchErrorObject {
  return { code, message, param: null, line: null }
}

function problemsOfLine(text: string, expectations: InputExpectations, seen: SeenSoFar): LineFinding {
  const line = parsed(text)
  if (line === undefined)
    return refused('invalid_json_line', 'This line is not parseable as valid JSON.', null)
  if (!isJsonObject(line))
    return refused('invalid_request', 'Each line must be a JSON dictionary object.', null)
  for (const param of ['custom_id', 'method', 'url', 'body']) {
    if (!(param in line))
      return refused('missing_required_parameter', `Missing required parameter: '${param}'.`, param)
  }
  const { custom_id, method, url, body } = line
  if (typeof custom_id !== 'string' || custom_id === '') {
    return refused('invalid_request', 'Custom_id must be a non-empty string.', 'custom_id')
  }
  if (!isJsonObject(body)) return refused('invalid_request', 'Body must be a JSON dictionary object.', 'body')
  const request = { custom_id, method: String(method), url: String(url), body }
  return { request, problems: problemsOfRequest(request, expectations, seen) }
}

function problemsOfRequest(
  request: BatchRequest,
  { endpoint, models }: InputExpectations,
  seen: SeenSoFar,
): LineProblem[] {
  const { custom_id, method, url, body } = request
  const problems: LineProblem[] = []
  const add = (code: string, param: string, message: string) => problems.push({ code, param, message })
  if (method !== 'POST')
    add('invalid_method', 'method', `The method '${method}' is not supported; use 'POST'.`)
  if (!isSameUrl(url, endpoint)) {
    add('invalid_url', 'url', 'The URL provided for this request does not match the batch endpoint.')
  }
  if (body['stream'] === true)
    add('streaming_unsupported', 'body.stream', 'Streaming is not supported in the Batch API.')
  if (seen.ids.has(custom_id)) add('duplicate_custom_id', 'custom_id', duplicateMessage)
  seen.ids.add(custom_id)
  problems.push(...problemsOfModel(body['model'], models, seen))
  for (const param of requiredParameters(url)) {
    if (!(param in body)) add('invalid_request', `body.${param}`, `${param} parameter is required.`)
  }
  return problems
}

const duplicateMessage =
  'The custom_id for this line is a duplicate of another request. The custom_id must be unique for each request in a batch.'

function problemsOfModel(model: unknown, models: ReadonlySet<string> | null, seen: SeenSoFar): LineProblem[] {
  const param = 'body.model'
  if (typeof model !== 'string') return []
  seen.model ??= model
  if (model !== seen.model) {
    const message = `The provided model '${model}' does not match '${seen.model}' of the first request. Each batch must contain requests for a single model.`
    return [{ code: 'mismatched_model', param, message }]
  }
  if (models === null || models.has(model)) return []
  return [
    {
      code: 'model_not_found',
      param,
      message: `The provided model '${model}' is not supported by the Batch API.`,
    },
  ]
}

/** Azure names endpoints without `/v1`; both spellings mean the same call. */
function isSameUrl(url: string, endpoint: string): boolean {
  return url.replace(/^\/v1/, '') === endpoint.replace(/^\/v1/, '')
}

/** Moderations and images have a model of their own choice, the others have to be told. */
function requiredParameters(url: string): readonly string[] {
  if (url.endsWith('/chat/completions')) return ['model', 'messages']
  if (url.endsWith('/embeddings')) return ['model', 'input']
  return url.endsWith('/responses') || url.endsWith('/completions') ? ['model'] : []
}

function refused(code: string, message: string, param: string | null): LineFinding {
  return { request: null, problems: [{ code, message, param }] }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
