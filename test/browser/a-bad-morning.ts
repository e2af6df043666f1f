import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import OpenAI from 'openai'
import type { BatchPlan } from '../../src/testing/index.js'
import { createFakeBatchServer, inspectLive, openWorkspace, submitRequests, watchWorkspace } from './built.js'
import { jumpingClock } from './jumping-clock.js'

const hourMs = 3_600_000
const batches = 64

/** What goes wrong with some of them; the others end after one to twenty-three hours. */
const plans: Readonly<Record<number, BatchPlan>> = {
  5: { inProgressMs: 3 * hourMs, damage: { unreadableLines: 2 } },
  31: { ending: { status: 'failed', errors: [failure('model_not_found', 'The model does not exist.')] } },
  32: { ending: { status: 'failed', errors: [failure('model_not_found', 'The model does not exist.')] } },
  40: { inProgressMs: 5 * hourMs, damage: { conflictingLines: 1 } },
}

function failure(code: string, message: string) {
  return { code, message, param: null, line: 1 }
}

/**
 * A workspace that has been watched for 28 hours, and its inspector: most is done, a refused key stopped what ended
 * after the seventeenth hour, and some batches have troubles of their own.
 */
export async function aBadMorning(root: string) {
  const clock = jumpingClock()
  clock.jump(-28 * hourMs)
  let made = 0
  const server = createFakeBatchServer({
    clock,
    planFor: () => {
      made += 1
      return {
        validatingMs: 60_000,
        finalizingMs: 60_000,
        inProgressMs: (1 + ((made * 7) % 23)) * hourMs,
        ...plans[made],
      }
    },
    answer: ({ custom_id: id }) => (id.endsWith('-7') ? 'rate-limited' : undefined),
  })
  let isKeyRefused = false
  const client = new OpenAI({
    apiKey: 'test-key',
    baseURL: 'http://fake.test/v1',
    maxRetries: 0,
    fetch: (input, init) => (isKeyRefused ? refused() : server.fetch(input, init)),
  })
  const workspace = await openWorkspace(root, { create: true })
  await submitRequests(workspace, requestFiles(root), { client, clock })
  const inspector = await inspectLive(workspace, { clock })
  const stopping = new AbortController()
  const running = watchWorkspace(
    workspace,
    inspector.attach({ client, clock, signal: stopping.signal, pollDelayMs: hourMs / 2, shouldStay: true }),
  )
  for (let half = 0; half < 56; half += 1) {
    isKeyRefused = half >= 34
    await settled()
    clock.jump(hourMs / 2)
  }
  await settled()
  return {
    url: inspector.url,
    close: async () => {
      stopping.abort()
      await running
      inspector.end()
      await inspector.close()
    },
  }
}

const refusal = { error: { message: 'Incorrect API key provided.', code: 'invalid_api_key' } }
const refused = async () => Response.json(refusal, { status: 401 })

/** Long enough for some dozens of triples to go to their next rest. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 400))

function requestFiles(root: string): string[] {
  const folder = join(root, 'requests')
  mkdirSync(folder, { recursive: true })
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello.' }] }
  return Array.from({ length: batches }, (_, at) => {
    const path = join(folder, `requests-${at}.jsonl`)
    const rows = Array.from({ length: 20 }, (__, row) => ({
      custom_id: `order-${at}-${row}`,
      method: 'POST',
      url: '/v1/chat/completions',
      body,
    }))
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    return path
  })
}
