import type { OpenAI } from 'openai'
import { systemClock, type Clock } from '../../clock.js'
import { reconciliationError } from '../../errors.js'
import type { BatchProvider } from '../batch-provider.js'
import { accountOf } from './account.js'
import { cancelBatch } from './cancel.js'
import type { Connection } from './connection.js'
import { deleteFile } from './delete-file.js'
import { downloadFile } from './download.js'
import { requireUsable, type ExtraFields } from './extra-fields.js'
import { findBatches } from './find.js'
import { createStatusPoller } from './poll.js'
import { hostOf, quirksOf, type ServerQuirks } from './quirks.js'
import { recentBatches } from './recent.js'
import { submitBatch } from './submit.js'
import { uploadsInUse } from './uploads-in-use.js'

export interface OpenAiBatchProviderSettings {
  /** The user's client: it holds the key, the base URL, proxies and headers. Its `maxRetries` is not used. */
  readonly client: OpenAI
  /** Timers and the time of day. It must be the clock of whoever waits between calls. */
  readonly clock?: Clock
  /** Corrects the table's row for the server. */
  readonly quirks?: Partial<ServerQuirks>
  readonly options?: OpenAiBatchProviderOptions
}

export interface OpenAiBatchProviderOptions extends ExtraFields {
  /** How long the server may take for the batch, such as `24h`. Default: the first window of the server's row. */
  readonly completionWindow?: string
  /** A download is given up when no byte came for so long, in milliseconds. Default: one minute. */
  readonly stallTimeoutMs?: number
  /** Time for a whole small answer, in milliseconds. Default: two minutes. */
  readonly requestTimeoutMs?: number
  /** Time for a whole upload, in milliseconds. Default: one hour. */
  readonly uploadTimeoutMs?: number
}

export interface OpenAiBatchProvider extends BatchProvider {
  /** What is special about this server: limits for validation, windows, the shortest delay between polls. */
  readonly quirks: ServerQuirks
}

/**
 * Runs batches on OpenAI or on a server that speaks its files and batches API, through the user's client.
 * Each call is made once; waiting and trying again is the caller's, who reads `isPassing` and `retryAfterMs`.
 * Throws `ServerNotSupported` for hosts that are known to speak something else, and `WrongUsage` for extra fields that
 * are set here.
 *
 * @example
 * const provider = openAiBatchProvider({ client: new OpenAI() })
 */
export function openAiBatchProvider(settings: OpenAiBatchProviderSettings): OpenAiBatchProvider {
  const connection = connect(settings)
  return {
    name: connection.quirks.name,
    limits: connection.quirks,
    minPollDelayMs: connection.quirks.minPollDelayMs,
    host: hostOf(settings.client.baseURL),
    account: accountOf(settings.client),
    quirks: connection.quirks,
    submit: (request, signal) => submitBatch(connection, request, signal),
    find: (query, signal) => findBatches(connection, query, signal),
    status: createStatusPoller(connection),
    download: (fileId, write, signal) => downloadFile(connection, fileId, write, signal),
    cancel: (batchId, signal) => cancelBatch(connection, batchId, signal),
    recent: (query, signal) => recentBatches(connection, query, signal),
    deleteFile: (fileId, signal) => deleteFile(connection, fileId, signal),
    uploadsInUse: (query, signal) => uploadsInUse(connection, query, signal),
  }
}

function connect({
  client,
  clock = systemClock,
  quirks,
  options = {},
}: OpenAiBatchProviderSettings): Connection {
  const row = { ...quirksOf(client.baseURL), ...quirks }
  requireSupported(row, client.baseURL)
  requireUsable(options)
  return {
    client,
    clock,
    quirks: row,
    completionWindow: options.completionWindow ?? row.completionWindows[0],
    extra: {
      uploadFields: { ...options.uploadFields },
      createFields: { ...options.createFields },
      metadata: { ...options.metadata },
    },
    stallTimeoutMs: options.stallTimeoutMs ?? 60_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 120_000,
    uploadTimeoutMs: options.uploadTimeoutMs ?? 3_600_000,
    quietUntilMs: new Map(),
  }
}

function requireSupported({ name, unsupportedReason }: ServerQuirks, baseUrl: string): void {
  if (unsupportedReason === null) return
  throw reconciliationError({
    code: 'ServerNotSupported',
    message: `${name} (${hostOf(baseUrl)}) does not speak the OpenAI batch protocol: ${unsupportedReason}.`,
    hint: 'Point the client at a server that does, or pass a BatchProvider of your own.',
    needsPerson: true,
    facts: { name, host: hostOf(baseUrl) },
  })
}
