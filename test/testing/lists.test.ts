import type OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { faults } from '../../src/testing/index.js'
import { chatInput, clientOf, createBatch, stillServer, upload } from './client.js'

async function serverWithBatches(count: number) {
  const server = stillServer()
  const client = clientOf(server)
  const ids = []
  for (let number = 0; number < count; number++) ids.push((await createBatch(client, 'file-1')).id)
  return { server, client, newestFirst: ids.toReversed() }
}

/** The page as it travels; the client's own page object forgets the ids. */
async function pageOf(client: OpenAI) {
  const response = await client.batches.list().asResponse()
  return (await response.json()) as { readonly data: readonly { readonly id: string }[] }
}

describe('lists of batches', () => {
  test('come newest first, a hundred at most to the page, and the client walks them all', async () => {
    const { server, client, newestFirst } = await serverWithBatches(230)
    const ids = []
    for await (const { id } of client.batches.list({ limit: 100 })) ids.push(id)
    expect(ids).toEqual(newestFirst)
    expect(server.requests('batches.list')).toHaveLength(3)
  })

  test('have twenty to the page unless asked for more', async () => {
    const { client, newestFirst } = await serverWithBatches(25)
    const page = await pageOf(client)
    expect(page.data.map(({ id }) => id)).toEqual(newestFirst.slice(0, 20))
    expect(page).toMatchObject({ has_more: true, first_id: newestFirst[0], last_id: newestFirst[19] })
  })

  test.each([
    [0, 'integer_below_min_value'],
    [101, 'integer_above_max_value'],
    [1.5, 'invalid_type'],
  ])('refuse a limit of %d', async (limit, code) => {
    const { client } = await serverWithBatches(1)
    await expect(client.batches.list({ limit })).rejects.toMatchObject({ status: 400, param: 'limit', code })
  })

  test('an empty one has no first and no last id', async () => {
    const { client } = await serverWithBatches(0)
    expect(await pageOf(client)).toEqual({
      object: 'list',
      data: [],
      has_more: false,
      first_id: null,
      last_id: null,
    })
  })

  test('that lag leave out each new batch for so many lists, and only that one', async () => {
    const { server, client, newestFirst } = await serverWithBatches(1)
    await client.batches.list()
    await client.batches.list()
    server.script(faults.listLags({ calls: 2 }))
    const { id } = await createBatch(client, 'file-1')
    const seen = []
    for (let call = 0; call < 3; call++)
      seen.push((await client.batches.list()).data.map((batch) => batch.id))
    expect(seen).toEqual([newestFirst, newestFirst, [id, ...newestFirst]])
    expect((await client.batches.retrieve(id)).id).toBe(id)
  })

  test('that lag by time show a batch when it is old enough', async () => {
    const { server, client, newestFirst } = await serverWithBatches(1)
    server.script(faults.listLags({ ms: 30_000 }))
    expect((await client.batches.list()).data).toEqual([])
    server.advance(30_000)
    expect((await client.batches.list()).data.map(({ id }) => id)).toEqual(newestFirst)
  })

  test('that ignore `after` lead the client round for ever', async () => {
    const { server, client, newestFirst } = await serverWithBatches(3)
    server.script(faults.listIgnoresAfter())
    const ids = []
    for await (const { id } of client.batches.list({ limit: 2 })) {
      ids.push(id)
      if (ids.length === 7) break
    }
    const [first, second] = newestFirst
    expect(ids).toEqual([first, second, first, second, first, second, first])
  })

  test('without has_more stop the client after one page', async () => {
    const { server, client, newestFirst } = await serverWithBatches(3)
    server.script(faults.listWithoutHasMore())
    const ids = []
    for await (const { id } of client.batches.list({ limit: 2 })) ids.push(id)
    expect(ids).toEqual(newestFirst.slice(0, 2))
  })
})

describe('files', () => {
  test('are listed by purpose and order, page by page, and deleted for good', async () => {
    const server = stillServer()
    const client = clientOf(server)
    const first = await upload(client, chatInput(1), 'first.jsonl')
    const second = await upload(client, chatInput(1), 'second.jsonl')
    await createBatch(client, first.id)
    server.finishBatches()
    const listed = async (query: object) =>
      (await client.files.list(query)).data.map(({ filename }) => filename)
    expect(await listed({ purpose: 'batch' })).toEqual(['second.jsonl', 'first.jsonl'])
    expect(await listed({ purpose: 'batch', order: 'asc', limit: 1 })).toEqual(['first.jsonl'])
    expect(await listed({ purpose: 'batch', order: 'asc', after: first.id })).toEqual(['second.jsonl'])
    expect(await listed({ purpose: 'batch_output' })).toHaveLength(1)
    expect(await client.files.delete(second.id)).toEqual({ id: second.id, object: 'file', deleted: true })
    await expect(client.files.retrieve(second.id)).rejects.toMatchObject({ status: 404, param: 'id' })
    await expect(client.files.content(second.id)).rejects.toMatchObject({ status: 404 })
  })

  test('with an empty id ask for a path that is not there', async () => {
    const server = stillServer()
    await expect(clientOf(server).files.content('')).rejects.toMatchObject({ status: 404 })
    expect(server.requests('files.content').map(({ id, url }) => [id, new URL(url).pathname])).toEqual([
      ['', '/v1/files//content'],
    ])
  })

  test('are served from a byte on by servers that know ranges, and whole by the others', async () => {
    const headers = { range: 'bytes=10-' }
    for (const servesRanges of [true, false]) {
      const server = stillServer({ servesRanges })
      const client = clientOf(server)
      const { id, bytes } = await upload(client, chatInput(1))
      const response = await client.files.content(id, { headers })
      const text = await response.text()
      expect([response.status, text.length]).toEqual(servesRanges ? [206, bytes - 10] : [200, bytes])
    }
  })
})
