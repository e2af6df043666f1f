import { LLMock } from '@copilotkit/aimock'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import type { RemoteBatch } from '../../../src/providers/batch-provider.js'
import { openAiBatchProvider, type OpenAiBatchProvider } from '../../../src/providers/openai/provider.js'
import { chatInput, collector, noSignal, rejection, submission, withFile } from './support.js'

/** A server that was not written here; it moves each batch on by one status at each look. */
async function withIndependentServer<T>(use: (provider: OpenAiBatchProvider) => Promise<T>): Promise<T> {
  const server = new LLMock({ port: 0 })
  server.onMessage(/.*/, { content: 'an answer' })
  await server.start()
  try {
    return await use(
      openAiBatchProvider({ client: new OpenAI({ apiKey: 'test', baseURL: `${server.url}/v1` }) }),
    )
  } finally {
    await server.stop()
  }
}

async function waitForEnd(provider: OpenAiBatchProvider, batchId: string): Promise<RemoteBatch> {
  for (let look = 0; look < 10; look += 1) {
    const batch = (await provider.status([batchId], noSignal)).get(batchId) ?? null
    if (batch?.status === 'completed') return batch
  }
  throw new Error(`${batchId} did not complete within ten looks`)
}

describe('against a server that was not written here', () => {
  test('a batch is submitted, found again, waited for and downloaded', () =>
    withIndependentServer(async (provider) => {
      const created = await withFile(chatInput(5), (path) => provider.submit(submission(path), noSignal))
      const query = { inputFileId: created.inputFileId ?? '', intentKey: null, uploadedAtMs: null }
      expect((await provider.find(query, noSignal)).batches.map(({ batchId }) => batchId)).toEqual([
        created.batchId,
      ])
      const ended = await waitForEnd(provider, created.batchId)
      const sink = collector()
      const { bytes } = await provider.download(ended.outputFileId ?? '', sink.write, noSignal)
      expect(bytes).toBe(sink.bytes())
      const ids = sink
        .text()
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { custom_id: string }).custom_id)
      expect(ids.toSorted()).toEqual(['request-1', 'request-2', 'request-3', 'request-4', 'request-5'])
      expect(ended.errorFileId).toBeNull()
    }))

  test('what it does not know is told apart from what failed', () =>
    withIndependentServer(async (provider) => {
      expect((await provider.status(['batch-unknown'], noSignal)).get('batch-unknown')).toBeNull()
      const gone = await rejection(provider.download('file-unknown', collector().write, noSignal))
      expect(gone.code).toBe('BatchFilesGone')
    }))
})
