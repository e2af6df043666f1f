import { decodeLine, isJsonObject, kindOf, reasonText, type JsonObject } from '../accounting/decode-line.js'
import { maxNesting } from '../workspace/nesting.js'
import { maxIdLength } from '../accounting/id-table.js'
import type { Line } from '../accounting/line-reader.js'

/** One thing a server would refuse, with the code and parameter it would use. */
export interface RequestsFileProblem {
  readonly code: string
  readonly message: string
  /** The field at fault, such as `body.model`; `null` when it is the whole line or file. */
  readonly param: string | null
  /** From 1; `null` when it is the file. */
  readonly line: number | null
  /** Tells apart what has the same code and parameter and is mended in another way. */
  readonly kind?: string | undefined
}

/** What decides which batch a request can go into. */
export interface RequestFacts {
  readonly customId: string
  readonly url: string
  /** `null` where the endpoint needs none and the line names none. */
  readonly model: string | null
  /** Inputs of an embeddings request; 0 for all others. */
  readonly embeddingInputs: number
}

export interface CheckedLine {
  /** `null` when the line is too broken to tell. */
  readonly facts: RequestFacts | null
  readonly problems: readonly RequestsFileProblem[]
  /** The line as JSON, when it is an object. */
  readonly row: JsonObject | null
}

/**
 * Checks one line as the servers do, with their codes (OpenAI guide, "Batch API"; the answers of OpenAI recorded in
 * Llama Stack's `test_batches_errors.py`). Endpoints are not compared with a list: servers add their own.
 */
export function checkRequestLine(line: Line): CheckedLine {
  const decoded = decodeLine(line)
  if (decoded.type === 'unreadable') {
    const message = `The line is not a JSON object: ${reasonText(decoded)}.`
    const kind = line.isTooLong ? 'too long' : decoded.reason
    return { facts: null, problems: [{ ...at(line, 'invalid_json_line', null, message), kind }], row: null }
  }
  const request = decoded.value
  if (decoded.isTooDeep) {
    const message = `The line has more than ${maxNesting} lists and objects inside each other, which servers cannot read.`
    const kind = 'nesting'
    return {
      facts: null,
      problems: [{ ...at(line, 'invalid_json_line', null, message), kind }],
      row: request,
    }
  }
  const missing = ['custom_id', 'method', 'url', 'body'].filter((name) => request[name] === undefined)
  if (missing.length > 0) {
    const problems = missing.map((name) =>
      at(line, 'missing_required_parameter', name, `The line has no ${name}; every line needs one.`),
    )
    return { facts: null, problems, row: request }
  }
  return { ...checkFields(line, request), row: request }
}

function at(line: Line, code: string, param: string | null, message: string): RequestsFileProblem {
  return { code, message, param, line: line.number }
}

function checkFields(line: Line, request: JsonObject): Omit<CheckedLine, 'row'> {
  const { custom_id: customId, method, url, body } = request
  const problems: RequestsFileProblem[] = []
  const add = (code: string, param: string, message: string) => problems.push(at(line, code, param, message))
  if (!isId(customId))
    add(
      'invalid_request',
      'custom_id',
      `custom_id is ${named(customId)}; expected text of 1 to ${maxIdLength} characters.`,
    )
  if (method !== 'POST') add('invalid_method', 'method', `method is ${named(method)}; expected 'POST'.`)
  if (!isPath(url))
    add('invalid_url', 'url', `url is ${named(url)}; expected a path such as '/v1/chat/completions'.`)
  if (!isJsonObject(body)) add('invalid_request', 'body', `body is ${named(body)}; expected an object.`)
  if (!isId(customId) || !isPath(url) || !isJsonObject(body)) return { facts: null, problems }
  problems.push(...checkBody(line, url, body))
  const model = typeof body['model'] === 'string' && body['model'] !== '' ? body['model'] : null
  return { facts: { customId, url, model, embeddingInputs: countInputs(url, body) }, problems }
}

const isId = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= maxIdLength

const isPath = (value: unknown): value is string => typeof value === 'string' && /^\/\S+$/.test(value)

function checkBody(line: Line, url: string, body: JsonObject): RequestsFileProblem[] {
  const { model } = body
  const problems: RequestsFileProblem[] = []
  const add = (code: string, param: string, message: string) => problems.push(at(line, code, param, message))
  if (body['stream'] === true)
    add('streaming_unsupported', 'body.stream', 'stream is true; batches answer whole bodies only.')
  const mayLackModel = model === undefined && !needsModel.test(url)
  if (!mayLackModel && (typeof model !== 'string' || model === '')) {
    add('invalid_request', 'body.model', `body.model is ${named(model)}; expected the name of a model.`)
  }
  const content = contentOf(url)
  if (content !== null && body[content] === undefined) {
    add('invalid_request', `body.${content}`, `body.${content} is missing; ${url} needs it.`)
  }
  return problems
}

/** Responses take the model from a stored prompt, moderations and images have a default. */
const needsModel = /\/(chat\/completions|completions|embeddings)$/

function contentOf(url: string): string | null {
  if (url.endsWith('/chat/completions')) return 'messages'
  return url.endsWith('/embeddings') ? 'input' : null
}

/** A list of texts or of token lists counts each; a text or one list of tokens counts once. */
function countInputs(url: string, body: JsonObject): number {
  if (!url.endsWith('/embeddings')) return 0
  const { input } = body
  return Array.isArray(input) && typeof input[0] !== 'number' ? input.length : 1
}

const maxQuotedLength = 60

/** A value for a message: texts quoted and bounded, anything else by its kind. */
function named(value: unknown): string {
  if (value === undefined) return 'missing'
  if (typeof value !== 'string') return kindOf(value)
  return value.length > maxQuotedLength ? `'${value.slice(0, maxQuotedLength)}…'` : `'${value}'`
}
