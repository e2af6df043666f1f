import { asRecord, isRecord, type JsonRecord } from './json-record.js'

/** The shapes of an answer that are known; `opaque` stands for all others. */
export const answerShapes = [
  'opaque',
  'chat',
  'completions',
  'responses',
  'embeddings',
  'moderations',
  'images',
] as const
export type AnswerShape = (typeof answerShapes)[number]

/** What a request lets one expect of its answer. */
export interface RequestPromise {
  /** By the request's `url`; `opaque` for one that is not known, or for a request that names none. */
  readonly shape: AnswerShape
  /** How many choices, vectors, results or images a whole answer has; `null` when the request does not show it. */
  readonly answers: number | null
}

/** Of a request nothing is known about. */
export const nothingPromised: RequestPromise = { shape: 'opaque', answers: null }

/** Reads from a request line what a whole answer to it looks like. */
export function promiseOf(request: JsonRecord): RequestPromise {
  const shape = shapeOfUrl(request['url'])
  if (shape === 'opaque') return nothingPromised
  const body = asRecord(request['body'])
  return { shape, answers: body === null ? null : expectedAnswers[shape](body) }
}

/**
 * Compared by how a path ends: servers put it behind `/v1`, `/v4`, `/openai/v1` or nothing at all (Azure's batch
 * endpoint is `/chat/completions`). The first that fits decides.
 */
const pathEnds: readonly (readonly [string, AnswerShape])[] = [
  ['/chat/completions', 'chat'],
  // DashScope's endpoint for trying out a batch ("OpenAI compatible - Batch", batch-test-model).
  ['/chat/ds-test', 'chat'],
  // Mistral answers a fill-in-the-middle request like a chat (Mistral API reference, "Fim").
  ['/fim/completions', 'chat'],
  ['/completions', 'completions'],
  ['/responses', 'responses'],
  ['/embeddings', 'embeddings'],
  ['/moderations', 'moderations'],
  ['/images/generations', 'images'],
  ['/images/edits', 'images'],
  ['/images/variations', 'images'],
]

const knownUrls = new Map<string, AnswerShape>()
/** A file names one url or a few; a hostile one may name a million. */
const maxKnownUrls = 100

function shapeOfUrl(url: unknown): AnswerShape {
  if (typeof url !== 'string') return 'opaque'
  const known = knownUrls.get(url)
  if (known !== undefined) return known
  const [path = ''] = url.split(/[?#]/, 1)
  const plain = path
    .trim()
    .replace(/\/{1,8}$/, '')
    .toLowerCase()
  const shape = pathEnds.find(([end]) => plain.endsWith(end))?.[1] ?? 'opaque'
  if (knownUrls.size < maxKnownUrls && url.length < 1_000) knownUrls.set(url, shape)
  return shape
}

const expectedAnswers: Readonly<Record<Exclude<AnswerShape, 'opaque'>, (body: JsonRecord) => number | null>> =
  {
    chat: wantedOf,
    // Each of several prompts gets `n` choices (OpenAI API reference, "Create completion").
    completions: (body) => (itemsIn(body['prompt']) ?? 1) * wantedOf(body),
    // A response is one answer, whatever it is made of.
    responses: () => 1,
    // vLLM also takes `messages`, for one vector (vLLM, "Embeddings API").
    embeddings: (body) => itemsIn(body['input']) ?? (body['messages'] === undefined ? null : 1),
    moderations: (body) => (isMultimodal(body['input']) ? 1 : itemsIn(body['input'])),
    images: wantedOf,
  }

/** `n`; anything that is no count is refused by the server or taken for the default, which is 1. */
function wantedOf({ n }: JsonRecord): number {
  return typeof n === 'number' && Number.isInteger(n) && n > 0 && n < 2 ** 32 ? n : 1
}

/** A list of numbers is one text in tokens (OpenAI API reference, "Create embeddings", `input`). */
function itemsIn(input: unknown): number | null {
  if (typeof input === 'string' || isRecord(input)) return 1
  if (!Array.isArray(input) || input.length === 0) return null
  return typeof input[0] === 'number' ? 1 : input.length
}

/** Text and pictures that are judged together (OpenAI API reference, "Create moderation", `input`). */
function isMultimodal(input: unknown): boolean {
  return Array.isArray(input) && isRecord(input[0])
}
