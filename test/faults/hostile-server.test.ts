import OpenAI from 'openai'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isBatchReconciliationError, submitRequests, watchWorkspace } from '../../src/index.js'
import { terminalText } from '../../src/cli/render/terminal-text.js'
import { createFakeBatchServer } from '../../src/testing/index.js'
import { insideOnly } from '../fakes/inside-only.js'
import { idleClock } from '../fakes/idle-clock.js'
import { startAtMs, writeRequests } from '../server/scene.js'
import { filesBelow, onDisk, unsyncedFileSystem, withWorkspace } from '../workspace/support.js'
import { oddValue, placesIn, replaced } from './odd-values.js'

const apiKey = 'sk-hostile-0123456789abcdef'
/** Of the requests; only inputs, what the server was given, and results may hold it. */
const prompt = 'Say row-2.'

/** One answer of the server is not what it should be, from its `nth` on so many times. */
interface Lie {
  readonly nth: number
  readonly times: number
  readonly bend: (text: string) => string
}

const nest = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
const wholeBodies = [
  '',
  '\0',
  'null',
  '[]',
  '"text"',
  '{',
  nest,
  '<html>',
  '{"__proto__":{"id":"x"}}',
  apiKey,
]

/** One value of the body replaced by an odd one; or all of it. Which of them, the numbers say. */
const bend: fc.Arbitrary<Lie['bend']> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.nat(), oddValue).map(([at, value]) => bendValue(at, value)) },
  fc.constantFrom(...wholeBodies).map((body) => () => body),
  fc.nat().map((at) => (text: string) => text.slice(0, at % (text.length + 1))),
)

const bendValue =
  (at: number, value: unknown) =>
  (text: string): string => {
    const body = jsonOrNull(text)
    const places = placesIn(body)
    const place = places[at % places.length]
    return place === undefined || place.length === 0 ? text : JSON.stringify(replaced(body, place, value))
  }

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const lie: fc.Arbitrary<Lie> = fc.record({
  nth: fc.integer({ min: 1, max: 12 }),
  times: fc.constantFrom(1, 1, 3, 1_000),
  bend,
})

function lyingFetch(honest: typeof fetch, { nth, times, bend: bent }: Lie): typeof fetch {
  let answers = 0
  return async (...args) => {
    const response = await honest(...args)
    answers += 1
    if (answers < nth || answers >= nth + times) return response
    const headers = new Headers(response.headers)
    headers.delete('content-length')
    return new Response(bent(await response.text()), { status: response.status, headers })
  }
}

/** More calls than a watch makes before it gives up or is done. */
const mostCalls = 120

function watchBeside(told: Lie): Promise<void> {
  return withWorkspace({}, async (workspace) => {
    const isServing = (): boolean => server.requests().some(({ answer }) => answer === 'pending')
    const clock = idleClock(startAtMs, isServing)
    const server = createFakeBatchServer({ clock })
    const stop = new AbortController()
    const bounded: typeof fetch = (...args) => {
      if (server.requests().length > mostCalls) stop.abort()
      return server.fetch(...args)
    }
    const client = new OpenAI({ apiKey, baseURL: 'http://fake.test/v1', fetch: lyingFetch(bounded, told) })
    const disk = insideOnly(unsyncedFileSystem, workspace.root)
    const words: string[] = []
    const options = {
      client,
      clock,
      signal: stop.signal,
      onEvent: (event: object) => void words.push(JSON.stringify(event)),
    }
    const path = writeRequests(workspace, 3)
    const guarded = onDisk(workspace, disk)
    const noted = (error: unknown): void => {
      if (!isBatchReconciliationError(error)) throw error
      words.push(JSON.stringify(error.problem), error.message)
      expect(error.code).not.toBe('UnexpectedError')
    }
    await submitRequests(guarded, [path], options).catch(noted)
    const report = await watchWorkspace(guarded, options).catch(noted)
    for (const { problem, index } of report?.triples ?? []) {
      expect(problem?.code).not.toBe('UnexpectedError')
      expect(index).toMatch(/^[0-9a-f-]+$/)
      words.push(problem?.message ?? '', problem?.hint ?? '')
    }
    expect(disk.outside).toEqual([])
    // A creation that was answered by a lie is looked for, and never simply made again.
    expect(server.batches().length).toBeLessThan(2)
    expectNothingTold(workspace.root, words)
  })
}

function expectNothingTold(root: string, words: readonly string[]): void {
  const files = Object.entries(filesBelow(root))
  const logs = files.filter(([name]) => name.startsWith('logs/') && !name.includes('batch_requests_'))
  for (const text of [...words, ...logs.map(([, content]) => content)]) {
    expect(text).not.toContain(apiKey)
    expect(text).not.toContain(prompt)
  }
  for (const word of words) expect(terminalText(word)).not.toMatch(/\p{Cc}/u)
}

describe('a server of which nothing can be believed', () => {
  test(
    'ends in a problem that is known or in none, and pays for nothing twice',
    () => fc.assert(fc.asyncProperty(lie, watchBeside), { seed: 1_314, numRuns: 60, timeout: 30_000 }),
    300_000,
  )
})
