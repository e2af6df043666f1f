import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import type { Clock } from '../../../src/clock.js'
import { isBatchReconciliationError, type BatchReconciliationError } from '../../../src/errors.js'
import type { SubmitRequest } from '../../../src/providers/batch-provider.js'
import {
  openAiBatchProvider,
  type OpenAiBatchProvider,
  type OpenAiBatchProviderSettings,
} from '../../../src/providers/openai/provider.js'
import {
  createFakeBatchServer,
  type FakeBatchServer,
  type FakeBatchServerOptions,
} from '../../../src/testing/index.js'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'

/** Never aborted. */
export const noSignal = new AbortController().signal

export const startAtMs = Date.UTC(2026, 0, 2, 3, 4, 5)

export const apiKey = 'sk-proj-secret1234567890'

export interface Scene {
  readonly server: FakeBatchServer
  readonly client: OpenAI
  readonly provider: OpenAiBatchProvider
}

export interface SceneOptions extends FakeBatchServerOptions {
  readonly settings?: Omit<OpenAiBatchProviderSettings, 'client'>
}

/** A fake server on a real socket, with a client that would retry twice if it were let. */
export async function withScene<T>(options: SceneOptions, use: (scene: Scene) => Promise<T>): Promise<T> {
  const { settings = {}, ...serverOptions } = options
  const server = createFakeBatchServer({ clock: { now: () => startAtMs }, ...serverOptions })
  const listening = await server.listen()
  const client = new OpenAI({ apiKey, baseURL: listening.baseURL })
  try {
    return await use({ server, client, provider: openAiBatchProvider({ client, ...settings }) })
  } finally {
    await listening.close()
  }
}

export interface ScriptedScene {
  readonly provider: OpenAiBatchProvider
  /** `GET /v1/batches?limit=100` and so on, in order of arrival. */
  readonly calls: readonly string[]
  /** The bodies of those calls. */
  readonly bodies: readonly string[]
}

export type Handler = (request: IncomingMessage, response: ServerResponse, call: number) => void

/** A server that answers as the handler says: for answers that no healthy server gives. */
export async function withHandler<T>(
  handler: Handler,
  use: (scene: ScriptedScene) => Promise<T>,
  settings: Omit<OpenAiBatchProviderSettings, 'client'> = {},
): Promise<T> {
  const calls: string[] = []
  const bodies: string[] = []
  const server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`)
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      bodies.push(Buffer.concat(pieces).toString())
      handler(request, response, calls.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = new OpenAI({ apiKey, baseURL: `http://127.0.0.1:${port}/v1` })
  try {
    return await use({ provider: openAiBatchProvider({ client, ...settings }), calls, bodies })
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}

/** Runs `use` with a file of this text that is gone afterwards. */
export async function withFile<T>(text: string | Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'provider-test-'))
  try {
    const path = join(directory, 'batch_input_7.jsonl')
    await writeFile(path, text)
    return await use(path)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

export function chatLine(customId: string, body: object = {}): string {
  return JSON.stringify({
    custom_id: customId,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: customId }], ...body },
  })
}

export function chatInput(count: number): string {
  return Array.from({ length: count }, (_, index) => `${chatLine(`request-${index + 1}`)}\n`).join('')
}

export function submission(inputPath: string, changes: Partial<SubmitRequest> = {}): SubmitRequest {
  return {
    inputPath,
    openInput: () => nodeFileSystem.openAsBlob(inputPath),
    endpoint: '/v1/chat/completions',
    metadata: { index: '7' },
    inputFileId: null,
    onUploaded: async () => {},
    ...changes,
  }
}

/** The error a promise rejects with; fails the test when it resolves or rejects with anything else. */
export async function rejection(promise: Promise<unknown>): Promise<BatchReconciliationError> {
  const error: unknown = await promise.then(
    (value) => new Error(`expected a rejection, got ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  )
  if (isBatchReconciliationError(error)) return error
  throw error
}

/** A batch that the server has finished; gives its id and file ids. */
export async function finishedBatch({ server, provider }: Scene, count = 3) {
  const created = await withFile(chatInput(count), (path) => provider.submit(submission(path), noSignal))
  server.finishBatches()
  const [batch] = server.batches().filter(({ id }) => id === created.batchId)
  if (batch?.output_file_id == null) throw new Error('the fake server made no output file')
  return { batchId: batch.id, outputFileId: batch.output_file_id }
}

/** A sink for downloads. */
export function collector() {
  const pieces: Uint8Array[] = []
  return {
    write: async (bytes: Uint8Array) => void pieces.push(Uint8Array.from(bytes)),
    text: () => Buffer.concat(pieces).toString(),
    bytes: () => Buffer.concat(pieces).length,
  }
}

export interface ManualClock extends Clock {
  readonly advance: (ms: number) => void
  /** Resolves when the next timer of this length is set. */
  readonly whenSet: (delayMs: number) => Promise<void>
  readonly pendingCount: () => number
}

/** Time that moves only when it is told to. */
export function manualClock(): ManualClock {
  const timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>()
  const waiting: { readonly delayMs: number; readonly resolve: () => void }[] = []
  let nowMs = startAtMs
  let next = 1
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs - startAtMs,
    setTimeout: (callback, delayMs) => {
      timers.set(next, { atMs: nowMs + delayMs, callback })
      for (const { resolve } of takeMatching(waiting, delayMs)) resolve()
      return next++
    },
    clearTimeout: (handle) => void timers.delete(handle as number),
    advance: (ms) => {
      nowMs += ms
      for (const [id, { atMs, callback }] of timers) {
        if (atMs <= nowMs && timers.delete(id)) callback()
      }
    },
    whenSet: (delayMs) => new Promise((resolve) => waiting.push({ delayMs, resolve })),
    pendingCount: () => timers.size,
  }
}

function takeMatching<T extends { readonly delayMs: number }>(waiting: T[], delayMs: number): T[] {
  const taken = waiting.filter((entry) => entry.delayMs === delayMs)
  waiting.splice(0, waiting.length, ...waiting.filter((entry) => entry.delayMs !== delayMs))
  return taken
}
