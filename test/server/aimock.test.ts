import { LLMock } from '@copilotkit/aimock'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import {
  reconcileWorkspace,
  submitRequests,
  watchWorkspace,
  type BatchWorkspace,
  type WatchOptions,
} from '../../src/index.js'
import { withWorkspace } from '../workspace/support.js'
import { expectSettled, idsUpTo, indexOf, outcomes, resultsOf, writeRequests } from './scene.js'

interface Independent {
  readonly workspace: BatchWorkspace
  readonly server: LLMock
  readonly options: WatchOptions
}

/** A server that was not written here, over a real socket; it moves each batch on by one status at each look. */
function withIndependentServer(
  headers: Readonly<Record<string, string>>,
  use: (scene: Independent) => Promise<void>,
): Promise<void> {
  return withWorkspace({}, async (workspace) => {
    const server = new LLMock({ port: 0 })
    await server.start()
    try {
      const client = new OpenAI({
        apiKey: 'test',
        baseURL: `${server.url}/v1`,
        defaultHeaders: { ...headers },
      })
      const options = {
        client,
        pollDelayMs: 1,
        limits: { backoffBaseMs: 1 },
      } as const
      await use({ workspace, server, options })
    } finally {
      await server.stop()
    }
  })
}

let made = 0
/** It keeps its batches for as long as the process lives, so each test asks for something else. */
function ownIds(count: number): string[] {
  made += 1
  return idsUpTo(count).map((id) => `${made}-${id}`)
}

describe('against a server that was not written here', () => {
  test('a file goes all the way to proven results', () =>
    withIndependentServer({}, async ({ workspace, options }) => {
      const ids = ownIds(25)
      const submitted = await submitRequests(workspace, [writeRequests(workspace, ids)], options)
      expect(outcomes(submitted)).toEqual(['pending'])
      expect(outcomes(await watchWorkspace(workspace, options))).toEqual(['done'])
      const root = indexOf(submitted)
      await expectSettled({ workspace }, root, ids)
      const contents = resultsOf({ workspace }, root).map(({ outcome, content }) => [outcome, content])
      expect(contents).toEqual(ids.map(() => ['success', 'Mock batch completion']))
    }))

  test('the same file makes no second batch', () =>
    withIndependentServer({}, async ({ workspace, options }) => {
      const before = await batchesOf(options)
      const path = writeRequests(workspace, ownIds(3))
      await submitRequests(workspace, [path], options)
      await submitRequests(workspace, [path], options)
      await watchWorkspace(workspace, options)
      expect(await batchesOf(options)).toBe(before + 1)
    }))

  test('a lost creation is found in its list and adopted', () =>
    withIndependentServer({}, async ({ workspace, options }) => {
      const ids = ownIds(3)
      const before = await batchesOf(options)
      const path = writeRequests(workspace, ids)
      const losing = new OpenAI({ apiKey: 'test', baseURL: options.client?.baseURL, fetch: losesCreations() })
      const submitted = await submitRequests(workspace, [path], { ...options, client: losing })
      await watchWorkspace(workspace, options)
      expect(await batchesOf(options)).toBe(before + 1)
      await expectSettled({ workspace }, indexOf(submitted), ids)
    }))

  test('a batch that ends failed with an error file ends with a row for each request', () =>
    withIndependentServer({ 'X-AIMock-Batch-Outcome': 'failed' }, async ({ workspace, options }) => {
      const ids = ownIds(3)
      const submitted = await submitRequests(workspace, [writeRequests(workspace, ids)], options)
      await watchWorkspace(workspace, options)
      const rows = resultsOf({ workspace }, indexOf(submitted))
      expect(rows.map(({ outcome, error }) => [outcome, error?.code])).toEqual(
        ids.map(() => ['permanent', 'mock_failure']),
      )
      await expectSettled({ workspace }, indexOf(submitted), ids)
    }))

  test.each([
    ['cancelled', ['pending']],
    ['expired', ['pending']],
  ])('a batch that ends %s without files is never taken for done', (ending, expected) =>
    withIndependentServer({ 'X-AIMock-Batch-Outcome': ending }, async ({ workspace, options }) => {
      await submitRequests(workspace, [writeRequests(workspace, ownIds(3))], options)
      await reconcileWorkspace(workspace, options)
      await reconcileWorkspace(workspace, options)
      expect(outcomes(await reconcileWorkspace(workspace, options))).toEqual(expected)
    }),
  )
})

async function batchesOf({ client }: WatchOptions): Promise<number> {
  return (await client?.batches.list({ limit: 100 }))?.data.length ?? 0
}

/** The server's answer to a creation never reaches the client. */
function losesCreations(): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    const isCreation = init?.method?.toUpperCase() === 'POST' && response.url.endsWith('/batches')
    if (!isCreation) return response
    await response.arrayBuffer()
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) })
  }
}
