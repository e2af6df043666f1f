import { describe, expect, test } from 'vitest'
import { faults } from '../../src/testing/index.js'
import {
  chatInput,
  chatLine,
  clientAt,
  clientOf,
  createBatch,
  linesOf,
  startAtMs,
  stillServer,
  submit,
  upload,
} from './client.js'

describe('the life of a batch', () => {
  test('goes from validating over in_progress and finalizing to completed as time passes', async () => {
    const server = stillServer()
    const client = clientOf(server)
    const { id } = await submit(client, chatInput(10))
    const seen = []
    for (const ms of [0, 1000, 5000, 5000, 1000]) {
      server.advance(ms)
      const { status, request_counts: counts } = await client.batches.retrieve(id)
      seen.push([status, counts?.total, counts?.completed])
    }
    expect(seen).toEqual([
      ['validating', 0, 0],
      ['in_progress', 10, 0],
      ['in_progress', 10, 5],
      ['finalizing', 10, 10],
      ['completed', 10, 10],
    ])
  })

  test('answers every request once, in an output file named by the batch, without an error file', async () => {
    const server = stillServer()
    const client = clientOf(server)
    const { id } = await submit(client, chatInput(3))
    server.finishBatches()
    const batch = await client.batches.retrieve(id)
    expect(batch.error_file_id).toBeNull()
    const lines = await linesOf(client, batch.output_file_id)
    expect(lines.map(({ custom_id }) => custom_id)).toEqual(['request-1', 'request-2', 'request-3'])
    expect(lines.every(({ response, error }) => response?.status_code === 200 && error === null)).toBe(true)
    expect(server.executions().map(({ customId, isAnswered }) => [customId, isAnswered])).toEqual([
      ['request-1', true],
      ['request-2', true],
      ['request-3', true],
    ])
  })

  test('runs over a real socket as it does over fetch', async () => {
    const server = stillServer()
    const listening = await server.listen()
    try {
      const client = clientAt(listening.baseURL)
      const { id } = await submit(client, chatInput(2))
      server.finishBatches()
      const batch = await client.batches.retrieve(id)
      expect(await linesOf(client, batch.output_file_id)).toEqual(
        await linesOf(clientOf(server), batch.output_file_id),
      )
    } finally {
      await listening.close()
    }
  })

  test('moves on with each poll when asked to', async () => {
    const server = stillServer({ advanceMsPerPoll: 5600 })
    const client = clientOf(server)
    const { id } = await submit(client, chatInput(2))
    const statuses = []
    for (let poll = 0; poll < 3; poll++) statuses.push((await client.batches.retrieve(id)).status)
    expect(statuses).toEqual(['in_progress', 'finalizing', 'completed'])
  })

  test('gives equal ids and equal bytes to equal runs', async () => {
    const first = await runWithSeed(1)
    expect(await runWithSeed(1)).toEqual(first)
    expect((await runWithSeed(2)).id).not.toBe(first.id)
  })

  test('writes result files as OpenAI does: ASCII, spaced separators, LF, a final newline', async () => {
    const server = stillServer()
    await submit(clientOf(server), `${chatLine('größe/1')}\n`)
    server.finishBatches()
    const text = Buffer.from(server.fileBytes(server.batches()[0]?.output_file_id ?? '') ?? []).toString()
    expect(text).toMatch(
      /^\{"id": "batch_req_[0-9a-f]+", "custom_id": "gr\\u00f6\\u00dfe\/1", "response": \{/,
    )
    expect(text.endsWith('}\n')).toBe(true)
    expect(/^[\n\u0020-\u007e]*$/.test(text)).toBe(true)
  })

  test('answers each endpoint in its own shape', async () => {
    const bodies: Record<string, object> = {
      '/v1/responses': { model: 'm', input: 'hi' },
      '/v1/embeddings': { model: 'm', input: ['a', 'b'] },
      '/v1/completions': { model: 'm', prompt: 'hi' },
      '/v1/moderations': { input: 'hi' },
      '/v1/images/generations': { model: 'm', prompt: 'a cat' },
    }
    const server = stillServer()
    const client = clientOf(server)
    for (const [url, body] of Object.entries(bodies)) {
      await submit(client, JSON.stringify({ custom_id: url, method: 'POST', url, body }), url)
    }
    server.finishBatches()
    const lines = await Promise.all(server.batches().map((batch) => linesOf(client, batch.output_file_id)))
    const [responses, embeddings, completions, moderations, images] = lines.map(
      ([line]) => line?.response?.body,
    )
    expect(responses).toMatchObject({
      object: 'response',
      status: 'completed',
      output: [{ type: 'message' }],
    })
    expect(embeddings).toMatchObject({ object: 'list', data: [{ index: 0 }, { index: 1 }] })
    expect(completions).toMatchObject({ object: 'text_completion', choices: [{ finish_reason: 'stop' }] })
    expect(moderations).toMatchObject({ results: [{ flagged: false }] })
    expect(images).toMatchObject({ data: [{ b64_json: expect.any(String) }] })
  })
})

describe('how batches end', () => {
  test('an expired batch keeps what was answered and names the rest batch_expired, in neither counter', async () => {
    const server = stillServer()
    server.plan({ ending: { status: 'expired', afterShare: 0.4 } })
    const client = clientOf(server)
    const { id } = await submit(client, chatInput(10))
    server.finishBatches()
    const batch = await client.batches.retrieve(id)
    expect(batch).toMatchObject({ status: 'expired', request_counts: { total: 10, completed: 4, failed: 0 } })
    expect(await linesOf(client, batch.output_file_id)).toHaveLength(4)
    const errors = await linesOf(client, batch.error_file_id)
    expect(errors.map(({ response, error }) => [response, error?.code])).toEqual(
      Array.from({ length: 6 }, () => [null, 'batch_expired']),
    )
  })

  test('a batch that outlasts its window expires by itself', async () => {
    const server = stillServer({ defaults: { inProgressMs: 48 * 3600 * 1000 } })
    const client = clientOf(server)
    const { id } = await submit(client, chatInput(10))
    server.advance(25 * 3600 * 1000)
    const batch = await client.batches.retrieve(id)
    expect(batch.status).toBe('expired')
    expect(await linesOf(client, batch.output_file_id)).toHaveLength(4)
  })

  test('a batch that expires before the first answer has only an error file', async () => {
    const server = stillServer()
    server.plan({ ending: { status: 'expired', afterShare: 0 } })
    const client = clientOf(server)
    const { id } = await submit(client, chatInput(3))
    server.finishBatches()
    const batch = await client.batches.retrieve(id)
    expect(batch.output_file_id).toBeNull()
    expect(await linesOf(client, batch.error_file_id)).toHaveLength(3)
  })

  test('an expired batch may say nothing of the requests it never ran', async () => {
    const server = stillServer()
    server.plan({ ending: { status: 'expired', afterShare: 0.5 }, unexecuted: 'nothing' })
    const client = clientOf(server)
    const { id } = await submit(client, chatInput(4))
    server.finishBatches()
    const batch = await client.batches.retrieve(id)
    expect(batch.error_file_id).toBeNull()
    expect(await linesOf(client, batch.output_file_id)).toHaveLength(2)
  })

  test('cancelling half-way goes over cancelling to cancelled, with both files', async () => {
    const server = stillServer()
    const client = clientOf(server)
    const { id } = await submit(client, chatInput(8))
    server.advance(6000)
    expect((await client.batches.cancel(id)).status).toBe('cancelling')
    expect((await client.batches.cancel(id)).status).toBe('cancelling')
    server.advance(5000)
    const batch = await client.batches.retrieve(id)
    expect(batch).toMatchObject({
      status: 'cancelled',
      request_counts: { total: 8, completed: 4, failed: 0 },
    })
    expect(await linesOf(client, batch.output_file_id)).toHaveLength(4)
    const errors = await linesOf(client, batch.error_file_id)
    expect(errors.map(({ error }) => error?.code)).toEqual(Array(4).fill('batch_cancelled'))
    expect((await client.batches.cancel(id)).status).toBe('cancelled')
  })

  test('cancelling what has completed or failed is a conflict', async () => {
    const server = stillServer()
    const client = clientOf(server)
    const completed = await submit(client, chatInput(1))
    const failed = await createBatch(client, 'file-nobody-knows')
    server.finishBatches()
    await expect(client.batches.cancel(completed.id)).rejects.toMatchObject({
      status: 409,
      message: "409 Cannot cancel a batch with status 'completed'.",
    })
    await expect(client.batches.cancel(failed.id)).rejects.toMatchObject({ status: 409 })
  })

  test('a batch whose requests all failed has an error file and no output file', async () => {
    const server = stillServer()
    server.plan({ rows: [{ when: /./, answer: 'bad-request' }] })
    const client = clientOf(server)
    const { id } = await submit(client, chatInput(3))
    server.finishBatches()
    const batch = await client.batches.retrieve(id)
    expect(batch).toMatchObject({
      status: 'completed',
      output_file_id: null,
      request_counts: { total: 3, completed: 0, failed: 3 },
    })
    expect(await linesOf(client, batch.error_file_id)).toHaveLength(3)
  })

  test('a planned failure carries its errors and no files, or both when it strikes half-way', async () => {
    const server = stillServer()
    const errors = [
      { code: 'token_limit_exceeded', message: 'Enqueued token limit reached.', param: null, line: null },
    ]
    server.plan(
      { ending: { status: 'failed', errors } },
      {
        ending: { status: 'failed', errors, afterShare: 0.5 },
        rows: [{ when: 'request-1', answer: 'server-error' }],
      },
    )
    const client = clientOf(server)
    await submit(client, chatInput(4))
    await submit(client, chatInput(4))
    server.finishBatches()
    const [early, late] = server.batches()
    expect(early).toMatchObject({
      status: 'failed',
      errors: { data: errors },
      output_file_id: null,
      error_file_id: null,
    })
    expect(early?.failed_at).toBe(startAtMs / 1000 + 1)
    expect(late).toMatchObject({ status: 'failed', errors: { data: errors } })
    expect(await linesOf(client, late?.output_file_id)).toHaveLength(1)
    expect(await linesOf(client, late?.error_file_id)).toHaveLength(1)
  })

  test('files are gone when their time is over', async () => {
    const server = stillServer()
    const client = clientOf(server)
    const file = await upload(client, chatInput(1))
    const { id } = await createBatch(client, file.id)
    server.finishBatches()
    const { output_file_id: outputFileId } = await client.batches.retrieve(id)
    server.advance(30 * 24 * 3600 * 1000)
    await expect(client.files.retrieve(file.id)).rejects.toMatchObject({
      status: 404,
      param: 'id',
      code: null,
    })
    await expect(client.files.content(outputFileId ?? '')).rejects.toMatchObject({ status: 404 })
    expect((await client.batches.retrieve(id)).status).toBe('completed')
  })
})

async function runWithSeed(seed: number) {
  const server = stillServer({ seed })
  const { id } = await submit(clientOf(server), chatInput(5))
  server.finishBatches()
  const fileId = server.batches()[0]?.output_file_id ?? ''
  return { id, fileId, bytes: Buffer.from(server.fileBytes(fileId) ?? []).toString() }
}

test('a fork goes its own way from where the server stood: faults, batches and time', async () => {
  const server = stillServer()
  const lost = server.script(faults.createAnswerLost({ times: 1, skip: 1 }))
  const { id } = await submit(clientOf(server), chatInput(2))
  server.advance(500)
  const fork = server.fork()
  fork.finishBatches()
  const { id: second } = await submit(clientOf(server), chatInput(3)).catch(() => ({ id: null }))
  expect([second, lost.hits()]).toEqual([null, 1])
  expect(server.batches().map(({ status }) => status)).toEqual(['validating', 'validating'])
  expect(fork.batches().map((batch) => [batch.id, batch.status])).toEqual([[id, 'completed']])
  expect([server.executions().length, fork.executions().length]).toEqual([0, 2])
  await expect(submit(clientOf(fork), chatInput(3))).rejects.toThrow('Connection error.')
  expect(fork.batches()).toHaveLength(2)
})
