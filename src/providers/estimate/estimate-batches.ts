import { readLines } from '../../accounting/line-reader.js'
import type { FileSystem } from '../../workspace/file-system.js'
import { checkRequestLine, type RequestFacts } from '../check-request-line.js'
import { createSplitPlanner, type InputLimits, type PartsPlan } from '../split-input.js'
import { GrowableColumn } from '../../accounting/growable-column.js'
import { mostOutputOf } from '../token-bound.js'
import { encodingOf, type ModelEncoding, type TokenEncoding } from './encoding-of.js'
import { textOf } from './request-text.js'
import { SampledTotal, type EstimatedTokens } from './sampled-total.js'
import { loadTokenizer, type CountTokens } from './tokenizer.js'

/** What one batch would take, before it is sent. */
export interface BatchTokens extends ModelEncoding {
  /** Absolute path of the file that its requests stand in. */
  readonly path: string
  readonly model: string | null
  readonly endpoint: string
  readonly requests: number
  /** Of the batch as a file of its own. */
  readonly bytes: number
  /** Of what can be counted. */
  readonly input: EstimatedTokens
  /** Requests whose texts were counted; the others are reckoned by their length. */
  readonly counted: number
  readonly output: {
    /** What its requests name as the most of their output. */
    readonly most: number
    /** Requests that name none; they are not in `most`. */
    readonly unbounded: number
  }
  /** What is in `input` with no token, such as `pictures`: in how many requests. */
  readonly uncounted: Readonly<Record<string, number>>
}

export interface FileTokens {
  /** In the order of their first lines. */
  readonly batches: readonly BatchTokens[]
  /** Lines that are no request a server would take; they are in none of the batches. */
  readonly invalid: number
  readonly plan: PartsPlan
}

export interface EstimateInquiry {
  readonly fs: FileSystem
  readonly limits: InputLimits
  readonly signal?: AbortSignal | undefined
  /** Asked for each request, by its number in the file from 0. */
  readonly isWanted?: ((request: number) => boolean) | undefined
  /** So much of a file is counted, in bytes. */
  readonly mostCountedBytes?: number | undefined
}

/** To count that much takes some seconds. */
const usualMostCountedBytes = 20_000_000
/** Of each batch, however many of its requests are counted after them. */
const alwaysCounted = 100

/**
 * Reads a requests file once and reckons what its batches would take. A file of up to 20 MB is counted; of a larger one
 * as many requests of each batch, evenly spread, as make that much together. Memory: four bytes a request, and the
 * tokenizer.
 *
 * @throws WrongUsage when the tokenizer is not installed; `Interrupted`, `FileChangedDuringRun`, or the system's error
 */
export async function estimateBatches(inquiry: EstimateInquiry, path: string): Promise<FileTokens> {
  const { fs, limits, signal, isWanted, mostCountedBytes = usualMostCountedBytes } = inquiry
  const share = mostCountedBytes / Math.max(1, (await fs.stat(path))?.bytes ?? 0)
  const planner = createSplitPlanner(limits)
  const partOf = new GrowableColumn(Uint32Array)
  const drafts: Draft[] = []
  const tokenizers = new Map<TokenEncoding, CountTokens>()
  let [request, invalid] = [-1, 0]
  for await (const lines of readLines(fs, path, { signal })) {
    for (const line of lines) {
      request += 1
      if (isWanted?.(request) === false) continue
      const { facts, row } = checkRequestLine(line)
      if (facts === null || row === null) {
        invalid += 1
        continue
      }
      const position = planner.add(line, facts)
      partOf.set(request, position)
      const draft = (drafts[position] ??= newDraft(facts))
      const { encoding } = draft
      // One is loaded for the first request that needs it: both take twice the time and memory.
      const count = tokenizers.get(encoding) ?? (await loadTokenizer(encoding))
      tokenizers.set(encoding, count)
      addRequest(draft, row, { share, count })
    }
  }
  const parts = planner.parts()
  const batches = drafts.map((draft, position) => tokensOf(path, draft, parts[position]?.bytes ?? 0))
  return { batches, invalid, plan: { parts, partOf } }
}

interface Draft extends ModelEncoding {
  readonly facts: RequestFacts
  readonly input: SampledTotal
  readonly uncounted: Map<string, number>
  requests: number
  /** Tokens of the input that are known without counting. */
  known: number
  most: number
  unbounded: number
}

const newDraft = (facts: RequestFacts): Draft => ({
  ...encodingOf(facts.model),
  facts,
  input: new SampledTotal(),
  uncounted: new Map(),
  requests: 0,
  known: 0,
  most: 0,
  unbounded: 0,
})

function addRequest(
  draft: Draft,
  row: Parameters<typeof textOf>[0],
  { share, count }: { readonly share: number; readonly count: CountTokens },
): void {
  const { texts, tokens, uncounted } = textOf(row)
  const length = texts.reduce((sum, text) => sum + text.length, 0)
  if (isCounted(draft.requests, share)) {
    const counted = texts.reduce((sum, text) => sum + count(text), 0)
    draft.input.addCounted(length, counted)
  } else draft.input.addUncounted(length)
  const most = mostOutputOf(row)
  draft.requests += 1
  draft.known += tokens
  draft.most += most ?? 0
  draft.unbounded += most === null ? 1 : 0
  for (const kind of uncounted) draft.uncounted.set(kind, (draft.uncounted.get(kind) ?? 0) + 1)
}

/**
 * Multiples of the golden ratio spread evenly, and unlike every tenth they meet no rhythm of the file. The same file is
 * estimated in the same way each time.
 */
function isCounted(request: number, share: number): boolean {
  return request < alwaysCounted || (request * goldenRatio) % 1 < share
}

const goldenRatio = (Math.sqrt(5) - 1) / 2

function tokensOf(path: string, draft: Draft, bytes: number): BatchTokens {
  const { facts, encoding, isOwn, requests, input, known, most, unbounded, uncounted } = draft
  const { tokens, error } = input.total
  return {
    path,
    model: facts.model,
    endpoint: facts.url,
    requests,
    bytes,
    input: { tokens: tokens + known, error },
    counted: input.counted,
    encoding,
    isOwn,
    output: { most, unbounded },
    uncounted: Object.fromEntries(uncounted),
  }
}
