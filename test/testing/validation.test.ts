import { describe, expect, test } from 'vitest'
import type { FakeBatchServerOptions } from '../../src/testing/index.js'
import { chatInput, chatLine, clientOf, createBatch, stillServer, submit, upload } from './client.js'

describe('what an upload refuses', () => {
  test.each([
    ['an empty file', 'input.jsonl', '', /empty/],
    ['a name that does not end in .jsonl', 'input.json', chatInput(1), /Must be \.jsonl/],
    ['a first line that is not JSON', 'input.jsonl', `not json\n${chatInput(1)}`, /invalid file format/],
    ['a file above the limit', 'input.jsonl', chatInput(10), /too large/],
  ])('%s', async (_name, filename, text, message) => {
    const server = stillServer({ limits: { inputBytes: 1000 } })
    await expect(upload(clientOf(server), text, filename)).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(message),
    })
    expect(server.files()).toEqual([])
  })

  test('a purpose that does not exist, and an expiry shorter than an hour', async () => {
    const client = clientOf(stillServer())
    const file = new File([chatInput(1)], 'input.jsonl')
    await expect(client.files.create({ file, purpose: 'bach' as 'batch' })).rejects.toMatchObject({
      status: 400,
      param: 'purpose',
    })
    await expect(
      client.files.create({
        file,
        purpose: 'batch',
        expires_after: { anchor: 'created_at', seconds: 60 },
      }),
    ).rejects.toMatchObject({ status: 400, param: 'expires_after.seconds' })
  })

  test('but later bad lines pass, as they do on the real server', async () => {
    const file = await upload(clientOf(stillServer()), `${chatInput(1)}not json\n`)
    expect(file).toMatchObject({ object: 'file', purpose: 'batch', status: 'processed' })
  })

  test('keeps the bytes exactly and for thirty days unless told otherwise', async () => {
    const server = stillServer()
    const client = clientOf(server)
    const text = `\ufeff${chatLine('ä')}\r\n\r\n${chatLine('b')}`
    const kept = await upload(client, text)
    expect(Buffer.from(server.fileBytes(kept.id) ?? []).equals(Buffer.from(text))).toBe(true)
    expect((kept.expires_at ?? 0) - kept.created_at).toBe(2_592_000)
    const short = await client.files.create({
      file: new File([text], 'input.jsonl'),
      purpose: 'batch',
      expires_after: { anchor: 'created_at', seconds: 3600 },
    })
    expect((short.expires_at ?? 0) - short.created_at).toBe(3600)
  })
})

describe('what a create refuses at once', () => {
  const good = { input_file_id: 'file-1', endpoint: '/v1/responses', completion_window: '24h' }
  test.each([
    [{ endpoint: '/v1/chat' }, 'invalid_value', 'endpoint'],
    [{ completion_window: '48h' }, 'invalid_value', 'completion_window'],
    [{ input_file_id: undefined }, 'missing_required_parameter', 'input_file_id'],
    [{ endpoint: 5 }, 'invalid_type', 'endpoint'],
    [{ metadata: { tags: ['a'] } }, 'invalid_type', 'metadata.tags'],
    [{ metadata: { note: 'x'.repeat(513) } }, 'string_above_max_length', 'metadata.note'],
    [
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, ''])) },
      'invalid_value',
      'metadata',
    ],
    [
      { output_expires_after: { anchor: 'created_at', seconds: 1 } },
      'invalid_value',
      'output_expires_after.seconds',
    ],
  ])('%j', async (change, code, param) => {
    const server = stillServer()
    const body = { ...good, ...change } as Parameters<ReturnType<typeof clientOf>['batches']['create']>[0]
    await expect(clientOf(server).batches.create(body)).rejects.toMatchObject({ status: 400, code, param })
    expect(server.batches()).toEqual([])
  })

  test('more than its limit of creations an hour, until the hour is over', async () => {
    const server = stillServer({ limits: { createsPerHour: 2 } })
    const client = clientOf(server)
    await createBatch(client, 'file-1')
    await createBatch(client, 'file-1')
    await expect(createBatch(client, 'file-1')).rejects.toMatchObject({
      status: 429,
      code: 'rate_limit_exceeded',
    })
    server.advance(3600 * 1000)
    await createBatch(client, 'file-1')
    expect(server.batches()).toHaveLength(3)
  })

  test('a wrong key', async () => {
    const server = stillServer({ apiKey: 'the right one' })
    await expect(clientOf(server).batches.list()).rejects.toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    })
  })
})

describe('what validation finds afterwards', () => {
  const good = chatLine('good')
  const line = (change: object) => JSON.stringify({ ...(JSON.parse(good) as object), ...change })
  test.each<[string, string, string | null, number | null]>([
    [`${good}\n{"custom_id":`, 'invalid_json_line', null, 2],
    [`${good}\n["an array"]`, 'invalid_request', null, 2],
    [`${good}\n\n${line({ custom_id: undefined })}`, 'missing_required_parameter', 'custom_id', 3],
    [line({ method: undefined }), 'missing_required_parameter', 'method', 1],
    [line({ url: undefined }), 'missing_required_parameter', 'url', 1],
    [line({ body: undefined }), 'missing_required_parameter', 'body', 1],
    [line({ url: '/v1/responses' }), 'invalid_url', 'url', 1],
    [`${good}\n${good}`, 'duplicate_custom_id', 'custom_id', 2],
    [`${good}\n${chatLine('other', { model: 'gpt-4o' })}`, 'mismatched_model', 'body.model', 2],
    [chatLine('a', { model: 'gpt-9' }), 'model_not_found', 'body.model', 1],
    [chatLine('a', { stream: true }), 'streaming_unsupported', 'body.stream', 1],
    [line({ body: { model: 'gpt-4o' } }), 'invalid_request', 'body.messages', 1],
    [chatInput(4), 'too_many_tasks', null, null],
  ])('%j fails with %s', async (text, code, param, lineNumber) => {
    const server = stillServer({ models: ['gpt-4o-mini', 'gpt-4o'], limits: { requestsPerBatch: 3 } })
    const client = clientOf(server)
    const { id, status } = await submit(client, text)
    expect(status).toBe('validating')
    server.advance(1000)
    const batch = await client.batches.retrieve(id)
    expect(batch).toMatchObject({ status: 'failed', output_file_id: null, error_file_id: null })
    expect(batch.errors?.data).toEqual([expect.objectContaining({ code, param, line: lineNumber })])
    expect(server.executions()).toEqual([])
  })

  test('lists at most a hundred problems of a file that is all wrong', async () => {
    const server = stillServer()
    await submit(clientOf(server), `${chatInput(1)}${'nonsense\n'.repeat(1000)}`)
    server.finishBatches()
    expect(server.batches()[0]?.errors?.data).toHaveLength(100)
  })

  test('an input file that does not exist fails the batch minutes after the create was answered', async () => {
    const server = stillServer()
    const client = clientOf(server)
    const { id, status } = await createBatch(client, 'file-nobody-knows')
    expect(status).toBe('validating')
    server.finishBatches()
    const { errors } = await client.batches.retrieve(id)
    expect(errors?.data).toEqual([expect.objectContaining({ code: 'invalid_request', param: 'file_id' })])
  })

  test('a full queue fails a batch with token_limit_exceeded, and an empty one takes it', async () => {
    const server = stillServer({
      limits: { enqueuedTokens: tokensOf(chatInput(5)) },
    } satisfies FakeBatchServerOptions)
    const client = clientOf(server)
    const first = await submit(client, chatInput(5))
    const second = await submit(client, chatInput(5))
    server.advance(2000)
    expect((await client.batches.retrieve(first.id)).status).toBe('in_progress')
    const refused = await client.batches.retrieve(second.id)
    expect(refused).toMatchObject({
      status: 'failed',
      errors: { data: [{ code: 'token_limit_exceeded', line: null }] },
    })
    server.finishBatches()
    const third = await createBatch(client, second.input_file_id)
    server.finishBatches()
    expect((await client.batches.retrieve(third.id)).status).toBe('completed')
  })
})

function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4)
}
