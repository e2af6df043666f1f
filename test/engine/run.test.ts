import { OpenAI } from 'openai'
import { describe, expect, test } from 'vitest'
import { defaultTripleLimits } from '../../machines/index.js'
import { createTemporaryWorkspace, openAiBatchProvider, systemClock } from '../../src/index.js'
import { withRun, type Run } from '../../src/engine/run.js'

const client = new OpenAI({ apiKey: 'test', baseURL: 'http://127.0.0.1:1/v1' })

/** The run of these options, as it was during the call. */
async function runWith(options: object): Promise<Run> {
  const { workspace, remove } = await createTemporaryWorkspace()
  try {
    return await withRun(workspace, options, (run) => Promise.resolve(run))
  } finally {
    remove()
  }
}

describe('a run', () => {
  test('has every default where nothing is given', async () => {
    expect(await runWith({})).toMatchObject({
      clock: systemClock,
      limits: defaultTripleLimits,
      concurrency: 4,
      smallTogether: 8,
      provider: null,
      board: null,
      contentType: null,
      schema: undefined,
      repairJson: false,
      processOutput: undefined,
      processErrors: undefined,
      shouldRetry: undefined,
      inspect: undefined,
      maySubmit: false,
      maySubmitRetries: true,
      cancelDuplicates: false,
      signal: { aborted: false },
    })
  })

  test('keeps the default of each limit that is not given', async () => {
    const { limits } = await runWith({ limits: { maxRetries: undefined, backoffCapMs: 7, maxAttempts: 9 } })
    expect(limits).toEqual({ ...defaultTripleLimits, backoffCapMs: 7, maxAttempts: 9 })
  })

  test('has the maxAttempts of the options before that of the limits', async () => {
    expect((await runWith({ maxAttempts: 2, limits: { maxAttempts: 9 } })).limits.maxAttempts).toBe(2)
  })

  test('has the provider before the client, and one of its own for a client', async () => {
    const provider = { ...openAiBatchProvider({ client }), name: 'own' }
    expect((await runWith({ client, provider })).provider?.name).toBe('own')
    const { provider: made, board } = await runWith({ client })
    expect(made).toBe(board?.provider)
    expect(made).not.toBeNull()
  })

  test('reports to a listener that throws, and goes on', async () => {
    const heard: string[] = []
    const { report } = await runWith({
      onEvent: ({ type }: { type: string }) => {
        heard.push(type)
        throw new Error('a broken display')
      },
    })
    for (const _ of [1, 2]) report({ type: 'warning', index: null, message: 'odd' })
    expect(heard).toEqual(['warning', 'warning'])
  })

  test('stops when the caller says so, with the reason of the caller', async () => {
    const { workspace, remove } = await createTemporaryWorkspace()
    const stopping = new AbortController()
    await withRun(workspace, { signal: stopping.signal }, async ({ signal }) => {
      expect(signal.aborted).toBe(false)
      stopping.abort('enough')
      expect([signal.aborted, signal.reason]).toEqual([true, 'enough'])
    }).finally(remove)
  })
})
