import { describe, expect, test } from 'vitest'
import type { RecentBatch } from '../../../src/providers/batch-provider.js'
import type { OpenAiBatchProvider } from '../../../src/providers/openai/provider.js'
import { noSignal, sendJson, startAtMs, withHandler } from './support.js'

const recent = async (
  { recent: ask }: OpenAiBatchProvider,
  inputBytes: readonly number[],
): Promise<readonly RecentBatch[]> => (await ask?.({ inputBytes }, noSignal)) ?? []

const batch = (id: number, inputFileId: string, ageSeconds: number) => ({
  id: `batch_${id}`,
  object: 'batch',
  status: 'completed',
  input_file_id: inputFileId,
  created_at: startAtMs / 1000 - ageSeconds,
})

const upload = (id: string, bytes: number, ageSeconds: number) => ({
  id,
  object: 'file',
  bytes,
  created_at: startAtMs / 1000 - ageSeconds,
})

/** Pages of one batch each, an hour apart, without an end. */
const endless = (files: readonly object[]) => {
  let page = 0
  return (...[{ url = '' }, response]: Parameters<Parameters<typeof withHandler>[0]>): void => {
    if (url.includes('/files')) return sendJson(response, { object: 'list', data: files })
    page += 1
    sendJson(response, { object: 'list', data: [batch(page, `file-${page}`, page * 3600)], has_more: true })
  }
}

describe('batches that were made last', () => {
  test('come with the sizes of their inputs; one page where no upload has the size', () =>
    withHandler(endless([upload('file-1', 10, 7200)]), async ({ provider, calls }) => {
      expect(await recent(provider, [20])).toMatchObject([{ batch: { batchId: 'batch_1' }, inputBytes: 10 }])
      expect(calls).toEqual(['GET /v1/files?purpose=batch&limit=10000', 'GET /v1/batches?limit=100'])
    }))

  test('are read on until the batch of an upload of the size', () =>
    withHandler(endless([upload('file-4', 20, 90_000)]), async ({ provider }) => {
      const found = await recent(provider, [20])
      expect(found.map(({ inputBytes }) => inputBytes)).toEqual([null, null, null, 20])
    }))

  test('are read no further than the time of the upload, and ten pages at most', async () => {
    await withHandler(endless([upload('file-none', 20, 3 * 3600)]), async ({ provider }) => {
      expect(await recent(provider, [20])).toHaveLength(4)
    })
    await withHandler(endless([upload('file-none', 20, 900_000)]), async ({ provider }) => {
      expect(await recent(provider, [20])).toHaveLength(10)
    })
  })

  test.each([
    ['no list of files', { error: { message: 'No such path.' } }, 404],
    ['a list of something else', { data: [1, null, {}] }, 200],
    ['a list that is none', { data: 'x' }, 200],
  ])('of a server with %s have no sizes', (_, files, status) =>
    withHandler(
      ({ url = '' }, response) => {
        if (url.includes('/files')) sendJson(response, files, status)
        else sendJson(response, { object: 'list', data: [batch(1, 'file-1', 0)], has_more: false })
      },
      async ({ provider }) => {
        expect(await recent(provider, [20])).toMatchObject([{ inputBytes: null }])
      },
    ),
  )
})
