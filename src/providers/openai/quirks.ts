/** What differs between servers that speak the OpenAI batch protocol, as data. */
export interface ServerQuirks {
  /** Short name for messages and metadata. */
  readonly name: string
  /** Why this provider cannot work with the server; `null` when it can. */
  readonly unsupportedReason: string | null
  /** Requests in one batch. */
  readonly maxRequests: number
  /** Bytes of one input file. */
  readonly maxInputBytes: number
  /** Inputs over all embeddings requests of one batch; `null` when the server names no limit. */
  readonly maxEmbeddingInputs: number | null
  /** Completion windows the server takes; the first one is asked for unless the user chooses another. */
  readonly completionWindows: readonly [string, ...string[]]
  /** The server asks not to be polled more often, in milliseconds. */
  readonly minPollDelayMs: number
  /** False when the `metadata` of a batch is lost or rewritten. */
  readonly keepsMetadata: boolean
  /** Where `batches.create` wants another endpoint than the `url` of the lines. */
  readonly createEndpoints: Readonly<Record<string, string>>
  /** False when `bytes` of uploaded and result files cannot be compared with what travelled. */
  readonly reportsFileBytes: boolean
}

/**
 * OpenAI itself, and whatever a server does that the table does not know. 200 MB is taken as decimal: servers that
 * mean MiB accept that too (OpenAI guide "Batch API"; OpenAPI description of `createBatch`).
 */
export const openAiQuirks: ServerQuirks = {
  name: 'openai',
  unsupportedReason: null,
  maxRequests: 50_000,
  maxInputBytes: 200_000_000,
  maxEmbeddingInputs: 50_000,
  completionWindows: ['24h'],
  minPollDelayMs: 0,
  keepsMetadata: true,
  createEndpoints: {},
  reportsFileBytes: true,
}

/**
 * The table's row for the server at `baseUrl`. An unknown host (a gateway, vLLM behind LiteLLM, a server on this
 * machine) gets OpenAI's limits under the name `openai-compatible`.
 */
export function quirksOf(baseUrl: string): ServerQuirks {
  const host = hostOf(baseUrl)
  const row = rows.find(({ hosts }) => hosts.some((pattern) => pattern.test(host)))
  return { ...openAiQuirks, name: 'openai-compatible', ...row?.quirks }
}

/** The host of a URL for messages, without credentials, path or query; the text itself when it is no URL. */
export function hostOf(baseUrl: string): string {
  return URL.canParse(baseUrl) ? new URL(baseUrl).host : 'the server'
}

interface QuirkRow {
  readonly hosts: readonly RegExp[]
  readonly quirks: Partial<ServerQuirks>
}

const minuteMs = 60_000

const rows: readonly QuirkRow[] = [
  { hosts: [/(^|\.)api\.openai\.com$/], quirks: { name: 'openai' } },
  {
    // Azure documentation, "Getting started with Azure OpenAI batch deployments": limits, poll interval, and
    // `/chat/completions` as the endpoint of the batch even when its lines go to `/v1/responses`.
    hosts: [/\.openai\.azure\.com$/, /\.services\.ai\.azure\.com$/, /\.cognitiveservices\.azure\.com$/],
    quirks: {
      name: 'azure',
      maxRequests: 100_000,
      minPollDelayMs: minuteMs,
      createEndpoints: { '/v1/responses': '/chat/completions', '/responses': '/chat/completions' },
    },
  },
  {
    // Groq documentation and types of `groq-sdk`: chat only, 100 MB, windows of one to seven days.
    hosts: [/(^|\.)api\.groq\.com$/],
    quirks: {
      name: 'groq',
      maxInputBytes: 100_000_000,
      completionWindows: ['24h', '48h', '72h', '96h', '120h', '144h', '168h', '7d'],
    },
  },
  { hosts: [/^dashscope.*\.aliyuncs\.com$/], quirks: { name: 'dashscope', maxInputBytes: 500_000_000 } },
  { hosts: [/(^|\.)novita\.ai$/], quirks: { name: 'novita', completionWindows: ['48h'] } },
  { hosts: [/(^|\.)doubleword\.ai$/], quirks: { name: 'doubleword' } },
  {
    hosts: [/(^|\.)together\.(xyz|ai)$/],
    quirks: {
      name: 'together',
      keepsMetadata: false,
      minPollDelayMs: minuteMs / 2,
      unsupportedReason:
        'its answers have other shapes: creation returns {job}, the list is a bare array, and uploads need its own client',
    },
  },
  {
    hosts: [/(^|\.)api\.mistral\.ai$/],
    quirks: {
      name: 'mistral',
      unsupportedReason: 'its batches live under /v1/batch/jobs with other fields and statuses',
    },
  },
  {
    hosts: [/(^|\.)generativelanguage\.googleapis\.com$/],
    quirks: {
      name: 'gemini',
      unsupportedReason: 'files are uploaded and downloaded through another API than its batches',
    },
  },
]
