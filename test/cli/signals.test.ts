import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createFakeBatchServer } from '../../src/testing/index.js'
import { idsUpTo, jsonl, metadataText, requestLine } from '../engine/lines.js'
import { putFiles } from '../workspace/support.js'
import {
  batchReconciler,
  jsonLines,
  recipes,
  temporaryFolder,
  workspaceWith,
  type RunResult,
} from './command-line.js'
import { startProxy, hostBehindProxy } from './proxy-scene.js'
import { hangs, secret, startReceiver } from './receiver.js'

type Messages = readonly { readonly content: string }[]

const env = { BATCH_RECONCILER_WEBHOOK_SECRET: secret }
const typesOf = (signals: readonly { readonly type: string }[]): string[] => signals.map(({ type }) => type)

/** Runs with a webhook; whatever the receiver does, the results are those of a run without. */
async function told(root: string, url: string, more: readonly string[] = []): Promise<RunResult> {
  return batchReconciler(['run', root, '--json', '--webhook', url, ...more], { env })
}

describe('the webhook of a run', () => {
  test('is told that all is settled, with the counts, signed', async () => {
    const receiver = await startReceiver()
    const root = await workspaceWith(recipes.whole)
    const result = await told(root, receiver.url)
    expect(result.exitCode).toBe(0)
    expect(receiver.signals()).toEqual([
      {
        type: 'settled',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        data: expect.objectContaining({ workspace: root, triples: { done: 1 }, requests_sent: 20 }),
      },
    ])
  })

  test('is told each cause once, with how many have it and what helps', async () => {
    const receiver = await startReceiver()
    const more = ['31', '32'].map((index) => ({ ...recipes.withoutInput, index }))
    const root = await workspaceWith(recipes.whole, recipes.withoutInput, ...more, recipes.unanswered)
    const result = await told(root, receiver.url)
    expect(result.exitCode).toBe(1)
    const signals = receiver.signals()
    expect(typesOf(signals)).toEqual(['needs-person', 'needs-person', 'settled'])
    const causes = signals.filter(({ type }) => type === 'needs-person').map(({ data }) => data)
    expect(causes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          code: 'MissingBatchInputFileButOthersExist',
          count: 3,
          indices: expect.arrayContaining(['3', '31', '32']),
        }),
        expect.objectContaining({ code: 'RequestIdsMismatch', count: 1, indices: ['4'] }),
      ]),
    )
    for (const { cause_id: id } of causes) expect(id).toMatch(/^[0-9a-f]{32}$/)
  })

  test('gets the same cause under the same cause_id from the next run', async () => {
    const receiver = await startReceiver()
    const root = await workspaceWith(recipes.withoutInput)
    await told(root, receiver.url)
    await told(root, receiver.url)
    const ids = receiver.signals().flatMap(({ data }) => data['cause_id'] ?? [])
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(1)
    // A message is another one each time.
    expect(new Set(receiver.tries.map(({ headers }) => headers['webhook-id'])).size).toBe(4)
  })

  test('is told that a limit stopped a submission, and not as any other need of a person', async () => {
    const receiver = await startReceiver()
    const root = await temporaryFolder()
    putFiles(root, { 'workdir/batch_input_1.jsonl': jsonl(requestLine('a')) })
    const { baseURL, close } = await createFakeBatchServer().listen()
    onTestFinished(close)
    const all = { ...env, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: baseURL }
    const limited = ['run', root, '--submit', '--max-tokens', '1', '--webhook', receiver.url]
    await batchReconciler(limited, { env: all })
    expect(receiver.signals()).toMatchObject([
      { type: 'over-budget', data: { code: 'OverBudget', count: 1, indices: ['1'] } },
      { type: 'settled' },
    ])
  })

  test('is told of answers that the server deletes before long, whatever else keeps them there', async () => {
    const receiver = await startReceiver()
    const root = await temporaryFolder()
    const dayMs = 86_400_000
    const batch = (daysAgo: number): string => {
      const submittedAtMs = Date.now() - daysAgo * dayMs
      return metadataText({
        batch_id: 'batch_1',
        submitted_at_ms: submittedAtMs,
        remote_status: 'in_progress',
      })
    }
    putFiles(root, {
      'workdir/batch_input_1.jsonl': jsonl(requestLine('a')),
      'workdir/batch_metadata_1.jsonl': batch(28),
      'workdir/batch_input_2.jsonl': jsonl(requestLine('b')),
      'workdir/batch_metadata_2.jsonl': batch(20),
    })
    await told(root, receiver.url)
    const about = receiver.signals().map(({ type, data }) => [type, data['indices']])
    expect(about).toEqual(expect.arrayContaining([['retention-ends', ['1']]]))
    expect(about.filter(([type]) => type === 'retention-ends')).toHaveLength(1)
    const { stderr } = await batchReconciler(['status', root])
    expect(stderr).toContain('The server deletes the answers in')
  })

  test('hears no prompt, no answer and no key', async () => {
    const receiver = await startReceiver()
    const root = await workspaceWith(recipes.whole, recipes.unanswered, recipes.retryable)
    const input = readFileSync(join(root, 'workdir/batch_input_1.jsonl'), 'utf8')
    const rows = jsonLines(input) as readonly { readonly body?: { readonly messages: Messages } }[]
    const prompt = rows[0]?.body?.messages.at(-1)?.content ?? ''
    expect(prompt.length).toBeGreaterThan(5)
    const key = 'sk-a-key-of-mine-0123456789'
    const { baseURL, close } = await createFakeBatchServer().listen()
    onTestFinished(close)
    const all = { ...env, OPENAI_API_KEY: key, OPENAI_BASE_URL: baseURL }
    await batchReconciler(['run', root, '--webhook', receiver.url], { env: all })
    expect(receiver.tries.length).toBeGreaterThan(0)
    for (const { headers, body } of receiver.tries) {
      expect(JSON.stringify(headers) + body).not.toContain(key)
      expect(JSON.stringify(headers) + body).not.toContain(secret)
      expect(body).not.toContain(prompt)
    }
  })

  test('that fails is tried again, with the same id and a right signature', async () => {
    const receiver = await startReceiver((response, tried) => {
      if (tried === 1) response.statusCode = 500
    })
    const result = await told(await workspaceWith(recipes.whole), receiver.url)
    expect(typesOf(receiver.signals())).toEqual(['settled', 'settled'])
    expect(new Set(receiver.tries.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(result.stderr).not.toContain('webhook')
  })

  test.each([
    ['answers 500', 500, 'it answered 500'],
    ['redirects', 302, 'it answered 302'],
    ['says nothing', hangs, 'it did not answer in time'],
  ])(
    'that %s for good costs five seconds, a warning, and nothing else',
    async (_, status, why) => {
      const elsewhere = await startReceiver()
      const receiver = await startReceiver((response) => {
        response.statusCode = status
        response.setHeader('location', elsewhere.url)
      })
      const startedAtMs = performance.now()
      const result = await told(await workspaceWith(recipes.whole), receiver.url)
      expect(performance.now() - startedAtMs).toBeLessThan(9_000)
      expect(result.exitCode).toBe(0)
      expect(jsonLines(result.stdout)).toMatchObject([{ outcome: 'done' }])
      expect(result.stderr).toContain(
        `1 signal did not reach the webhook at ${new URL(receiver.url).origin}: ${why}`,
      )
      expect(result.stderr).not.toContain('with-a-token')
      expect(elsewhere.tries).toEqual([])
    },
    20_000,
  )

  test('that is gone gets nothing more', async () => {
    const receiver = await startReceiver((response) => {
      response.statusCode = 410
    })
    const root = await workspaceWith(recipes.withoutInput, recipes.unanswered)
    const { stderr } = await told(root, receiver.url)
    expect(receiver.tries).toHaveLength(1)
    expect(stderr).toContain('3 signals did not reach the webhook')
  })

  test('is reached through the proxy that the environment names', async () => {
    const [receiver, proxy] = [await startReceiver(), await startProxy()]
    const url = receiver.url.replace('127.0.0.1', hostBehindProxy)
    const root = await workspaceWith(recipes.whole)
    const HTTP_PROXY = `http://127.0.0.1:${proxy.port}`
    await batchReconciler(['run', root, '--webhook', url], { env: { ...env, HTTP_PROXY } })
    expect(typesOf(receiver.signals())).toEqual(['settled'])
    expect(proxy.calls).toHaveLength(1)
  })

  test.each([
    ['no secret', {}, 'https://a.example/x', 'BATCH_RECONCILER_WEBHOOK_SECRET'],
    [
      'a secret that is no key',
      { BATCH_RECONCILER_WEBHOOK_SECRET: 'hunter2' },
      'https://a.example/x',
      'base64',
    ],
    ['an address that is none', env, 'alerts', 'address'],
    ['an address with a password', env, 'https://me:hunter2@a.example/', 'password'],
  ])('with %s is wrong usage, and nothing is touched', async (_, environment, url, word) => {
    const root = await workspaceWith(recipes.whole)
    const result = await batchReconciler(['run', root, '--webhook', url], { env: environment })
    expect(result.exitCode).toBe(2)
    expect(result.stderr).toContain(word)
    expect(result.stderr).not.toContain('hunter2')
    expect((await batchReconciler(['status', root, '--json'])).stdout).toContain('"index":"1"')
  })
})

describe('the webhook of a watch', () => {
  const hourMs = 3_600_000

  async function watched(polls: number, serverNowMs?: () => number) {
    const server = createFakeBatchServer({ defaults: { inProgressMs: hourMs } })
    const { baseURL, close } = await server.listen()
    onTestFinished(close)
    const root = await temporaryFolder()
    putFiles(root, { 'requests.jsonl': jsonl(...idsUpTo(3).map((id) => requestLine(id))) })
    const all = { ...env, OPENAI_API_KEY: 'sk-a', OPENAI_BASE_URL: baseURL }
    const receiver = await startReceiver()
    expect(
      (await batchReconciler(['submit', root, join(root, 'requests.jsonl')], { env: all })).exitCode,
    ).toBe(0)
    const stop = new AbortController()
    const clock = {
      now: () => Date.now() + (serverNowMs?.() ?? 0),
      setTimeout: (callback: () => void, delayMs: number) => setTimeout(callback, delayMs),
      clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
    }
    const asked = (): number =>
      server.requests('batches.list').length + server.requests('batches.retrieve').length
    const before = asked()
    const timer = setInterval(() => {
      if (asked() - before >= polls) stop.abort()
    }, 50)
    onTestFinished(() => clearInterval(timer))
    putFiles(root, { 'workdir/batch_output_77.jsonl': '{}\n' })
    const inputs = ['watch', root, '--webhook', receiver.url, '--poll-seconds', '1']
    const result = await batchReconciler(inputs, { env: all, clock, signal: stop.signal })
    return { result, receiver }
  }

  test('is told of a cause once over the polls, and that nothing is settled when it is stopped', async () => {
    const { result, receiver } = await watched(3)
    expect(result.exitCode).toBe(130)
    expect(receiver.signals().map(({ type, data }) => [type, data['code']])).toEqual([
      ['needs-person', 'MissingBatchInputFileButOthersExist'],
    ])
  }, 20_000)

  test('is told once of a batch that is overdue', async () => {
    const { receiver } = await watched(3, () => 48 * hourMs)
    const signals = receiver.tries.map(({ body }) => JSON.parse(body) as { type: string; data: object })
    expect(signals.filter(({ type }) => type === 'overdue')).toMatchObject([
      { data: { code: 'BatchOverdue', stuck: 'overdue', count: 1 } },
    ])
  }, 20_000)
})

const onSettled = (root: string, command: string): Promise<RunResult> =>
  batchReconciler(['run', root, '--json', '--on-settled', command])

describe('the command of --on-settled', () => {
  test('gets the signal on its standard input, and nothing in its words', async () => {
    const root = await workspaceWith(recipes.whole)
    const result = await onSettled(root, `cat > '${root}/told.json'; echo "$#" > '${root}/words'`)
    expect(result.exitCode).toBe(0)
    expect(JSON.parse(readFileSync(join(root, 'told.json'), 'utf8'))).toMatchObject({
      type: 'settled',
      data: { workspace: root, triples: { done: 1 } },
    })
    expect(readFileSync(join(root, 'words'), 'utf8')).toBe('0\n')
  })

  test('runs once the workspace is free again', async () => {
    const root = await workspaceWith(recipes.whole)
    await onSettled(root, `ls '${root}' > '${root}/seen'`)
    expect(readFileSync(join(root, 'seen'), 'utf8')).toContain('done')
    expect(readFileSync(join(root, 'seen'), 'utf8')).not.toContain('lock')
  })

  test('that fails, or does not read, changes nothing and is said', async () => {
    const result = await onSettled(await workspaceWith(recipes.whole), 'exit 3')
    expect(result.exitCode).toBe(0)
    expect(result.stderr).toContain('The command of --on-settled ended with exit code 3.')
  })

  test('does not run when nothing was there to settle', async () => {
    const root = await temporaryFolder()
    putFiles(root, { 'workdir/.keep': '' })
    await onSettled(root, `touch '${root}/told'`)
    expect(() => readFileSync(join(root, 'told'))).toThrow('ENOENT')
  })

  test('ends with the process that is stopped', async () => {
    const root = await workspaceWith(recipes.whole)
    const stop = new AbortController()
    const running = batchReconciler(['run', root, '--on-settled', `touch '${root}/begun'; sleep 50`], {
      signal: stop.signal,
    })
    await expect.poll(() => begun(root), { timeout: 8_000 }).toBe(true)
    const stoppedAtMs = performance.now()
    stop.abort()
    const result = await running
    expect(performance.now() - stoppedAtMs).toBeLessThan(2_000)
    expect(result.stderr).toContain('was stopped with this process')
  }, 20_000)
})

function begun(root: string): boolean {
  try {
    return readFileSync(join(root, 'begun')).length === 0
  } catch {
    return false
  }
}
