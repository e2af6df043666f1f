import OpenAI from 'openai'
import {
  createFakeBatchServer,
  type FakeBatchServer,
  type FakeBatchServerOptions,
} from '../../src/testing/index.js'

/** A moment for servers that should not depend on the time of day. */
export const startAtMs = Date.UTC(2026, 0, 2, 3, 4, 5)

/** A fake server whose clock stands still unless it is advanced. */
export function stillServer(options: FakeBatchServerOptions = {}): FakeBatchServer {
  return createFakeBatchServer({ clock: { now: () => startAtMs }, ...options })
}

/** The real client over the server's `fetch`; nothing is retried unless asked. */
export function clientOf(server: FakeBatchServer, maxRetries = 0): OpenAI {
  return new OpenAI({ apiKey: 'test', baseURL: 'http://fake.test/v1', fetch: server.fetch, maxRetries })
}

/** The real client over a socket. */
export function clientAt(baseURL: string, maxRetries = 0): OpenAI {
  return new OpenAI({ apiKey: 'test', baseURL, maxRetries })
}

/** A line of an input file for chat completions. */
export function chatLine(customId: string, body: object = {}): string {
  return JSON.stringify({
    custom_id: customId,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: `Say ${customId}` }], ...body },
  })
}

/** An input file of chat requests `request-1` to `request-<count>`. */
export function chatInput(count: number): string {
  return Array.from({ length: count }, (_, index) => `${chatLine(`request-${index + 1}`)}\n`).join('')
}

export async function upload(client: OpenAI, text: string, name = 'input.jsonl') {
  return client.files.create({ file: new File([text], name), purpose: 'batch' })
}

export async function createBatch(client: OpenAI, inputFileId: string, endpoint = '/v1/chat/completions') {
  return client.batches.create({
    input_file_id: inputFileId,
    endpoint: endpoint as '/v1/chat/completions',
    completion_window: '24h',
  })
}

/** Uploads and creates; gives the batch. */
export async function submit(client: OpenAI, text: string, endpoint = '/v1/chat/completions') {
  const file = await upload(client, text)
  return createBatch(client, file.id, endpoint)
}

/** The parsed lines of a result file. */
export async function linesOf(client: OpenAI, fileId: string | null | undefined): Promise<ParsedLine[]> {
  if (fileId === null || fileId === undefined || fileId === '') return []
  const response = await client.files.content(fileId)
  return parseLines(await response.text())
}

function parseLines(text: string): ParsedLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ParsedLine)
}

export interface ParsedLine {
  readonly id: string
  readonly custom_id: string
  readonly response: {
    readonly status_code: number
    readonly request_id: string
    readonly body: Record<string, unknown>
  } | null
  readonly error: { readonly code: string; readonly message: string } | null
}
