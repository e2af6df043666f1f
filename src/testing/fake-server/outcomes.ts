import { responseBody, tokensOf, type BodyFacts } from './default-bodies.js'
import type { Answer, ResultFile, RowOutcome } from './plan.js'
import { isJsonObject, type ResultLine } from './wire.js'

/** The line that a request leaves behind, and where. */
export interface RowResult {
  readonly line: Readonly<Record<string, unknown>>
  readonly file: ResultFile
  /** A usable 2xx answer: billed, and final. */
  readonly isAnswered: boolean
  /** Where `request_counts` counts it; expired and cancelled lines are in neither (live trace: warmbly PR #333). */
  readonly counter: 'completed' | 'failed' | null
  readonly inputTokens: number
  readonly outputTokens: number
}

/** Carries an answer out. `null`: the request leaves no line at all. */
export function rowResult(answer: Answer, facts: BodyFacts): RowResult | null {
  if (answer === 'missing') return null
  if (typeof answer === 'string') return outcomes[answer](facts)
  if ('line' in answer) return scriptedLine(answer.line, facts)
  if ('text' in answer) return responded(200, responseBody({ ...facts, text: answer.text }), facts)
  return responded(answer.status, answer.body, facts)
}

/** A line for a request that the batch never ran. */
export function unexecutedLine(
  customId: string,
  tag: string,
  status: 'expired' | 'cancelled',
): Record<string, unknown> {
  return { id: `batch_req_${tag}`, custom_id: customId, response: null, error: unexecutedErrors[status] }
}

const unexecutedErrors = {
  expired: {
    code: 'batch_expired',
    message: 'This request could not be executed before the completion window expired.',
  },
  // OpenAI does not document these lines; compatible servers write them with this code.
  cancelled: {
    code: 'batch_cancelled',
    message: 'This request was not executed because the batch was cancelled.',
  },
} as const

type Outcome = (facts: BodyFacts) => RowResult

const success: Outcome = (facts) => responded(200, responseBody(facts), facts)

interface ErrorBody {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string | null
}

function errorBody(
  message: string,
  type: string,
  code: string | null,
  param: string | null = null,
): ErrorBody {
  return { message, type, param, code }
}

const overloaded = 'The engine is currently overloaded.'

const failedBody = {
  object: 'response',
  status: 'failed',
  error: { code: 'rate_limit_exceeded', message: 'Rate limit reached while the response was made.' },
}

/** HTTP errors carry their details in `response.body.error`, and `error` is null (openai-openapi #302). */
const outcomes: Readonly<Record<Exclude<RowOutcome, 'missing'>, Outcome>> = {
  success,
  'fenced-json': (facts) => success({ ...facts, text: `\`\`\`json\n${facts.text}\n\`\`\`` }),
  truncated: (facts) => success({ ...facts, text: firstHalf(facts.text), finishReason: 'length' }),
  'content-filter': (facts) => success({ ...facts, text: '', finishReason: 'content_filter' }),
  refusal: (facts) => success({ ...facts, text: null, refusal: "I'm sorry, I can't help with that." }),
  'failed-body': (facts) => ({ ...responded(200, failedBody, facts), isAnswered: false }),
  'text-body': (facts) => responded(200, JSON.stringify(responseBody(facts)), facts),
  'status-0': (facts) => responded(0, {}, facts),
  timeout: refusing(408, 'Request timed out.', 'server_error', 'timeout'),
  conflict: refusing(409, 'The resource is locked by another request.', 'invalid_request_error', null),
  'rate-limited': refusing(429, 'Rate limit reached.', 'rate_limit_error', 'rate_limit_exceeded'),
  'insufficient-quota': refusing(
    429,
    'You exceeded your current quota.',
    'insufficient_quota',
    'insufficient_quota',
  ),
  'server-error': refusing(500, 'The server had an error.', 'server_error', 'server_error'),
  'response-and-error': (facts) => {
    const error = errorBody(overloaded, 'server_error', null)
    return responded(503, { error }, facts, { code: 'server_error', message: overloaded })
  },
  'bad-request': refusing(
    400,
    "Unsupported parameter: 'max_tokens'.",
    'invalid_request_error',
    'unsupported_parameter',
    'max_tokens',
  ),
  'context-length': refusing(
    400,
    'This request has too many tokens for the model.',
    'invalid_request_error',
    'context_length_exceeded',
    'messages',
  ),
  unauthorized: refusing(401, 'Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key'),
  forbidden: refusing(403, 'You have no access to this model.', 'invalid_request_error', 'model_not_allowed'),
  expired: (facts) => notExecuted(facts, 'expired'),
  cancelled: (facts) => notExecuted(facts, 'cancelled'),
}

function refusing(
  status: number,
  message: string,
  type: string,
  code: string | null,
  param: string | null = null,
): Outcome {
  return (facts) => responded(status, { error: errorBody(message, type, code, param) }, facts)
}

function responded(
  status: number,
  body: unknown,
  facts: BodyFacts,
  error: ResultLine['error'] = null,
): RowResult {
  const isAnswered = status >= 200 && status < 300
  const tokens = tokensOf(facts)
  const requestId = status === 0 ? '' : `req_${facts.tag}`
  return {
    line: {
      id: `batch_req_${facts.tag}`,
      custom_id: facts.request.custom_id,
      response: { status_code: status, request_id: requestId, body },
      error,
    },
    file: isAnswered ? 'output' : 'error',
    isAnswered,
    counter: isAnswered ? 'completed' : 'failed',
    inputTokens: isAnswered ? tokens.input : 0,
    outputTokens: isAnswered ? tokens.output : 0,
  }
}

function notExecuted(facts: BodyFacts, outcome: 'expired' | 'cancelled'): RowResult {
  const line = unexecutedLine(facts.request.custom_id, facts.tag, outcome)
  return { line, file: 'error', isAnswered: false, counter: null, inputTokens: 0, outputTokens: 0 }
}

function scriptedLine(line: Readonly<Record<string, unknown>>, facts: BodyFacts): RowResult {
  const { response } = line
  const status = isJsonObject(response) ? response['status_code'] : undefined
  return { ...responded(typeof status === 'number' ? status : 0, {}, facts), line }
}

/** A cut answer: half of the text, and never half of a character. */
function firstHalf(text: string | null): string {
  const characters = Array.from(text ?? '')
  return characters.slice(0, Math.ceil(characters.length / 2)).join('')
}
