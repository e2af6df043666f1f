import type OpenAI from 'openai'
import type { Clock } from '../../src/clock.js'
import { openAiBatchProvider, type OpenAiBatchProvider } from '../../src/providers/openai/provider.js'
import type { BatchPlan, FakeBatchServer, FakeBatchServerOptions } from '../../src/testing/index.js'
import { emptyMetadata, writeMetadata, type BatchMetadata } from '../../src/workspace/metadata.js'
import type { BatchWorkspace } from '../../src/workspace/open-workspace.js'
import { clientOf, createBatch, startAtMs, stillServer, upload } from '../testing/client.js'
import { filesBelow, putFiles } from '../workspace/support.js'

export const noSignal = new AbortController().signal

/** Time that stands still, with timers that are due at once: retries follow each other without a wait. */
export const impatientClock: Clock = {
  now: () => startAtMs,
  setTimeout: (callback) => setTimeout(callback, 0),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

/** Lines as the content of a file. */
export const jsonl = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** A request as people upload it. */
export function requestLine(id: string, body: object = {}, url = '/v1/chat/completions'): string {
  const messages = [{ role: 'user', content: `Say ${id}.` }]
  return JSON.stringify({ custom_id: id, method: 'POST', url, body: { model: 'gpt-4o', messages, ...body } })
}

export interface AnswerOptions {
  readonly finishReason?: string
  readonly message?: object
}

/** A chat answer as OpenAI writes it to the output file. */
export function answerLine(id: string, text: string | null, options: AnswerOptions = {}): string {
  const message = { role: 'assistant', content: text, refusal: null, ...options.message }
  const finish = options.finishReason ?? 'stop'
  return lineWith(id, 200, {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'gpt-4o-2024-08-06',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    system_fingerprint: null,
  })
}

/** A line with a status and any body. */
export function lineWith(id: string, status: number, body: unknown): string {
  const response = { status_code: status, request_id: `req_${id}`, body }
  return JSON.stringify({ id: `batch_req_${id}`, custom_id: id, response, error: null })
}

/** A request that the endpoint refused, as OpenAI writes it to the error file. */
export function errorLine(id: string, status = 400, code = 'invalid_value'): string {
  const error = { message: `No ${id} for you.`, type: 'invalid_request_error', param: null, code }
  return lineWith(id, status, { error })
}

/** A request that never reached the endpoint: no response, an error beside it. */
export function unansweredLine(id: string, code = 'batch_expired'): string {
  const error = { code, message: 'This request could not be executed.' }
  return JSON.stringify({ id: `batch_req_${id}`, custom_id: id, response: null, error })
}

/** The names of all files in a directory of the workspace. */
export function namesIn({ root }: BatchWorkspace, directory: string): string[] {
  return Object.keys(filesBelow(root, directory)).map((path) => path.slice(directory.length + 1))
}

/** The parsed rows of a JSON lines file of the workspace; none when it does not stand. */
export function rowsOf({ root }: BatchWorkspace, path: string): Record<string, unknown>[] {
  const text = filesBelow(root)[path] ?? ''
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** What `target/` says of each request of the triple: `custom_id` → `outcome`. */
export function outcomesOf(workspace: BatchWorkspace, rootIndex: string): Record<string, unknown> {
  const rows = rowsOf(workspace, `target/batch_results_${rootIndex}.jsonl`)
  return Object.fromEntries(rows.map((row) => [String(row['custom_id']), row['outcome']]))
}

/** Metadata as a file holds it. */
export const metadataText = (fields: Partial<Record<keyof BatchMetadata, unknown>>): string =>
  `${JSON.stringify({ batch_id: 'batch_1', input_file_id: 'file-1', ...fields })}\n`

/** A fake server and the real client and provider that speak to it. */
export interface Online {
  readonly server: FakeBatchServer
  readonly client: OpenAI
  readonly provider: OpenAiBatchProvider
}

export function online(options: FakeBatchServerOptions = {}): Online {
  const server = stillServer(options)
  const client = clientOf(server)
  return { server, client, provider: openAiBatchProvider({ client }) }
}

/** Rules for batches that end as the tests want it: nothing but errors, or nothing at all. */
export const onlyErrors: BatchPlan = { rows: [{ when: /./, answer: 'bad-request' }] }
export const nothingAnswered: BatchPlan = { rows: [{ when: /./, answer: 'missing' }] }
export const secondFails: BatchPlan = { rows: [{ when: 'b', answer: 'bad-request' }] }

export interface SubmittedTriple {
  readonly index: string
  readonly ids: readonly string[]
  readonly plan?: BatchPlan
}

/** Sends requests to the server and puts input and metadata into `workdir/`, as a finished submission leaves them. */
export async function putSubmitted(
  workspace: BatchWorkspace,
  { server, client }: Online,
  { index, ids, plan = {} }: SubmittedTriple,
) {
  const input = jsonl(...ids.map((id) => requestLine(id)))
  server.plan(plan)
  const file = await upload(client, input)
  const batch = await createBatch(client, file.id)
  putFiles(workspace.root, { [`workdir/batch_input_${index}.jsonl`]: input })
  await writeMetadata(workspace, workspace.layout.workdirFile('metadata', index), {
    ...emptyMetadata,
    batch_id: batch.id,
    input_file_id: file.id,
  })
  return { batchId: batch.id, inputFileId: file.id, input }
}

/** The bytes of a result file as the server holds them, as text. */
export function serverFile({ server }: Online, batchId: string, kind: 'output' | 'error'): string | null {
  const batch = server.batches().find(({ id }) => id === batchId)
  const fileId = kind === 'output' ? batch?.output_file_id : batch?.error_file_id
  const bytes = fileId == null ? null : server.fileBytes(fileId)
  return bytes === null ? null : Buffer.from(bytes).toString()
}
