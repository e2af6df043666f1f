import type { FileKind, ProblemCode, TripleOutcome } from '../../../machines/index.js'
import type { FileDamage, RowOutcome } from '../fake-server/plan.js'

/** What one triple of a generated workspace is like. Everything left out is the ordinary case. */
export interface TripleRecipe {
  readonly index: string
  /** One line: what is special about it. */
  readonly about: string
  readonly requests: number
  /** `chat` unless given. */
  readonly endpoint?: RecipeEndpoint
  /** What successful chat and response answers hold; `text` unless given. */
  readonly answers?: 'text' | 'json'
  /** How the `custom_id`s look; `plain` unless given. */
  readonly ids?: RecipeIds
  /** How many requests end in each way, at places that follow from the seed; all others succeed. */
  readonly mix?: Readonly<Partial<Record<RowOutcome, number>>>
  /** The answers are those of another batch: as many, with other ids. */
  readonly areAnswersForeign?: boolean
  /** Order of the answers; `input` unless given. */
  readonly order?: 'input' | 'shuffled'
  readonly damage?: FileDamage
  /** CRLF and a byte order mark, as editors on Windows leave behind. */
  readonly isResaved?: boolean
  /** Which row files are written; all that have lines unless given. */
  readonly files?: readonly Exclude<FileKind, 'metadata'>[]
  /** Names under which copies of the output lie beside it, as people leave them. */
  readonly outputCopies?: readonly string[]
  /** Content of the metadata file; no such file unless given. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** What becomes of it in a run with default options and no server. */
  readonly expected: ExpectedOutcome
}

export type RecipeEndpoint = 'chat' | 'responses' | 'embeddings'
export type RecipeIds = 'plain' | 'uuid' | 'awkward'

export interface ExpectedOutcome {
  readonly outcome: TripleOutcome['type']
  /** `null` when nothing is wrong. */
  readonly code: ProblemCode | null
}

/** How many rows a run should find of each sort. */
export interface ExpectedRows {
  readonly success: number
  readonly failed: number
  /** Part of `failed`. */
  readonly retryable: number
}

/** What a run makes of the rows of a recipe, by a table of its own: tests compare the two. */
export function expectedRows({ requests, mix = {} }: TripleRecipe): ExpectedRows {
  const count = (sort: RowSort): number =>
    Object.entries(mix).reduce(
      (sum, [outcome, rows]) => sum + (sortOf[outcome as RowOutcome] === sort ? rows : 0),
      0,
    )
  const failed = count('fails') + count('fails-for-now')
  return { success: requests - failed, failed, retryable: count('fails-for-now') }
}

type RowSort = 'succeeds' | 'fails' | 'fails-for-now'

/** Design of the rows: what passes by itself is worth another attempt, money and bad requests are not. */
const sortOf: Readonly<Record<RowOutcome, RowSort>> = {
  success: 'succeeds',
  'fenced-json': 'succeeds',
  'text-body': 'succeeds',
  truncated: 'fails',
  'content-filter': 'fails',
  refusal: 'fails',
  'insufficient-quota': 'fails',
  'bad-request': 'fails',
  'context-length': 'fails',
  unauthorized: 'fails',
  forbidden: 'fails',
  'failed-body': 'fails-for-now',
  'status-0': 'fails-for-now',
  timeout: 'fails-for-now',
  conflict: 'fails-for-now',
  'rate-limited': 'fails-for-now',
  'server-error': 'fails-for-now',
  'response-and-error': 'fails-for-now',
  expired: 'fails-for-now',
  cancelled: 'fails-for-now',
  missing: 'fails-for-now',
}
