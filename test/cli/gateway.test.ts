import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createFakeBatchServer, type FakeBatchServer } from '../../src/testing/index.js'
import { idsUpTo, jsonl, requestLine } from '../engine/lines.js'
import { batchReconciler, jsonLines, temporaryFolder, type RunResult } from './command-line.js'

/** What a gateway was sent, as it came over the wire. */
interface Gateway {
  readonly server: FakeBatchServer
  readonly baseURL: string
  readonly uploads: readonly FormData[]
  readonly creations: readonly Readonly<Record<string, unknown>>[]
}

/** Stands in front of a server, takes only uploads that say for which models they are, and knows other windows. */
async function startGateway(): Promise<Gateway> {
  const server = createFakeBatchServer({ defaults: { inProgressMs: 3_600_000 } })
  const uploads: FormData[] = []
  const creations: Record<string, unknown>[] = []
  const front = createServer((request, response) => {
    void (async () => {
      const headers = new Headers(request.headers as Record<string, string>)
      const { method = 'GET', url } = request
      let body = await buffer(request)
      if (method === 'POST' && url === '/v1/files') {
        const form = await new Response(body, { headers }).formData()
        uploads.push(form)
        if (!form.has('target_model_names'))
          return response.writeHead(400).end('{"error":{"message":"which models?"}}')
      }
      if (method === 'POST' && url === '/v1/batches') {
        const creation: Record<string, unknown> = JSON.parse(body.toString())
        creations.push(creation)
        body = Buffer.from(JSON.stringify({ ...creation, completion_window: '24h' }))
        headers.delete('content-length')
      }
      const sent = { method, headers, ...(method === 'POST' && { body }) }
      const answer = await server.fetch(`http://server.test${url}`, sent)
      response.writeHead(answer.status, Object.fromEntries(answer.headers))
      return response.end(Buffer.from(await answer.arrayBuffer()))
    })()
  })
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  onTestFinished(() => void front.close())
  const { port } = front.address() as AddressInfo
  return { server, baseURL: `http://127.0.0.1:${port}/v1`, uploads, creations }
}

async function submitTo(
  baseURL: string,
  flags: readonly string[],
): Promise<RunResult & { readonly folder: string }> {
  const folder = await temporaryFolder()
  writeFileSync(join(folder, 'requests.jsonl'), jsonl(...idsUpTo(5).map((id) => requestLine(id))))
  const result = await batchReconciler(['submit', 'batches', 'requests.jsonl', '--json', ...flags], {
    currentDirectory: folder,
    env: { OPENAI_API_KEY: 'key', OPENAI_BASE_URL: baseURL },
  })
  return { ...result, folder }
}

describe('a gateway that wants more', () => {
  test('refuses an upload without its field', async () => {
    const gateway = await startGateway()
    const { exitCode, stderr } = await submitTo(gateway.baseURL, [])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('which models?')])
    expect(gateway.creations).toEqual([])
  })

  test('gets extra fields, metadata and another window; ours stay as they are', async () => {
    const gateway = await startGateway()
    const flags = [
      '--upload-field target_model_names=my-gpt,other=1 --upload-field for[team]=search',
      '--create-field custom_llm_provider=azure --create-field extra:={"a":[1,true]}',
      '--metadata team=search --completion-window 7d',
    ]
    const result = await submitTo(gateway.baseURL, [
      ...flags.join(' ').split(' '),
      '--upload-field',
      'note=my gpt, a=1',
    ])
    const { exitCode, stdout } = result
    expect(result.stderr).not.toContain('✗')
    expect([exitCode, jsonLines(stdout).length]).toEqual([0, 1])
    expect(Object.fromEntries(gateway.uploads[0] ?? [])).toMatchObject({
      target_model_names: 'my-gpt,other=1',
      'for[team]': 'search',
      note: 'my gpt, a=1',
      purpose: 'batch',
      file: expect.any(File),
    })
    expect(gateway.creations).toEqual([
      {
        input_file_id: gateway.server.files()[0]?.id,
        endpoint: '/v1/chat/completions',
        completion_window: '7d',
        custom_llm_provider: 'azure',
        extra: { a: [1, true] },
        metadata: expect.objectContaining({ team: 'search', tool: 'batch-reconciler', attempt: '1' }),
      },
    ])
  })

  test('takes small batches: the requests are split', async () => {
    const gateway = await startGateway()
    const field = ['--upload-field', 'target_model_names=m']
    const { exitCode } = await submitTo(gateway.baseURL, [...field, '--max-batch-requests', '2'])
    expect([exitCode, gateway.creations.length]).toEqual([0, 3])
    const bytes = String(Buffer.byteLength(jsonl(requestLine('1'), requestLine('2'))) + 5)
    expect(
      (await submitTo(gateway.baseURL, [...field, '--again', '--max-batch-bytes', bytes])).exitCode,
    ).toBe(0)
    expect(gateway.creations.length).toBeGreaterThan(5)
  })
})

describe('fields that cannot be sent', () => {
  test.each([
    [['--upload-field', 'purpose=other'], '"purpose" cannot be an extra field'],
    [['--upload-field', 'file=x'], '"file" cannot be an extra field'],
    [['--create-field', 'input_file_id=file-1'], '"input_file_id" cannot be an extra field'],
    [['--create-field', 'completion_window=1h'], '"completion_window" cannot be an extra field'],
    [['--metadata', 'intent_key=1'], '"intent_key" cannot be an extra field'],
    [['--metadata', `long=${'x'.repeat(513)}`], 'The metadata long is too long'],
    [idsUpTo(12).flatMap((id) => ['--metadata', `${id}=1`]), '12 pairs of metadata are too many'],
    [['--create-field', 'a:={'], 'JSON was expected behind :='],
    [['--upload-field', 'target'], 'name=text was expected'],
    [['--completion-window', 'tomorrow'], 'a time such as 24h or 7d was expected'],
  ])('are wrong usage, and nothing is touched: %j', async (flags, words) => {
    const { exitCode, stderr, folder } = await submitTo('http://127.0.0.1:9/v1', flags)
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(words)])
    expect(existsSync(join(folder, 'batches'))).toBe(false)
    expect(readdirSync(folder)).toEqual(['requests.jsonl'])
  })
})
