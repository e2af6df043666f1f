import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { exitCodeOfStandings } from '../../src/cli/exit-codes.js'
import { createFakeBatchServer } from '../../src/testing/index.js'
import { jsonl, requestLine } from '../engine/lines.js'
import { putFiles } from '../workspace/support.js'
import {
  batchReconciler,
  hurriedClock,
  jsonLines,
  jsonSummary,
  recipes,
  temporaryFolder,
  workspaceWith,
  type RunResult,
} from './command-line.js'
import { freePort } from '../free-port.js'

const awayAt = async (): Promise<string> => `http://127.0.0.1:${await freePort()}/v1`

function command(inputs: readonly string[], OPENAI_BASE_URL: string): Promise<RunResult> {
  const env = { OPENAI_API_KEY: 'sk-a-key', OPENAI_BASE_URL }
  return batchReconciler([...inputs, '--json'], { env, clock: hurriedClock })
}

/** A workspace whose one batch is at a server; then that server is away. */
async function waiting(): Promise<string> {
  const server = createFakeBatchServer({ defaults: { inProgressMs: 3_600_000 } })
  const { baseURL, close } = await server.listen()
  const folder = await temporaryFolder()
  const [root, requests] = [join(folder, 'batches'), join(folder, 'requests.jsonl')]
  writeFileSync(requests, jsonl(requestLine('a'), requestLine('b')))
  const submitted = await command(['submit', root, requests], baseURL)
  await close()
  expect(submitted.exitCode).toBe(0)
  expect(jsonSummary(submitted)).toMatchObject({ triples: { pending: 1 }, rows: null, unconfirmed: 0 })
  return root
}

describe('a server that is away', () => {
  test('ends run and status with 75, and no hint says that anything goes on', async () => {
    const root = await waiting()
    const result = await command(['run', root], await awayAt())
    expect(result.exitCode).toBe(75)
    expect(jsonSummary(result)).toMatchObject({ exit_code: 75, error: null, triples: { failed: 1 } })
    expect(jsonLines(result.stdout)).toMatchObject([{ error: { code: 'NetworkError' } }])
    expect(result.stderr).toContain('or `run` again later')
    expect(result.stderr).not.toMatch(/tried again|by itself after/)
    expect((await batchReconciler(['status', root])).exitCode).toBe(75)
  })

  test('ends them with 1 when beside it a triple needs somebody', async () => {
    const root = await waiting()
    putFiles(root, { 'workdir/batch_output_9.jsonl': '{"custom_id":"a"}\n' })
    const result = await command(['run', root], await awayAt())
    expect(result.exitCode).toBe(1)
    expect(jsonSummary(result)).toMatchObject({ triples: { 'needs-attention': 1, failed: 1 } })
    expect((await batchReconciler(['status', root])).exitCode).toBe(1)
  })

  test('ends a command that asks it before anything else with 75, too', async () => {
    const root = await workspaceWith(recipes.neverSubmitted)
    const env = { OPENAI_API_KEY: 'sk-a-key', OPENAI_BASE_URL: await awayAt() }
    const { exitCode, stderr } = await batchReconciler(['adopt', root, '5', 'batch_1'], { env })
    expect([exitCode, stderr]).toEqual([75, expect.stringContaining('NetworkError')])
  })
})

describe('what does not pass', () => {
  test.each([401, 402, 400])('ends with 1: the server refuses with %i', async (status) => {
    const server = createFakeBatchServer({
      faults: [{ on: 'files.create', times: 20, effect: { type: 'answer', status, body: '{}' } }],
    })
    const { baseURL, close } = await server.listen()
    onTestFinished(close)
    const root = await workspaceWith(recipes.neverSubmitted)
    expect((await command(['run', root, '--submit'], baseURL)).exitCode).toBe(1)
  })
})

describe('the summary', () => {
  test('adds up what the lines say', async () => {
    const root = await workspaceWith(recipes.whole, recipes.retryable, recipes.unanswered)
    const result = await batchReconciler(['run', root, '--json'])
    expect(jsonSummary(result)).toEqual({
      exit_code: 1,
      error: null,
      triples: { done: 2, failed: 1, 'not-submitted': 1 },
      rows: expect.objectContaining({ success: 26, transient: 3, permanent: 1, retryable: 3 }),
      failed_for_good: 1,
      requests_sent: 30,
      tokens: { input: 2_470, cached: 0, output: 598, reasoning: 0, untold: 0 },
      unconfirmed: 0,
    })
    const again = await batchReconciler(['verify', root, '--json'])
    expect(jsonSummary(again)).toMatchObject({ exit_code: 0, triples: { proven: 2 }, rows: null })
    const planned = await batchReconciler(['plan', root, '--json'])
    expect(jsonSummary(planned)).toMatchObject({ triples: { failed: 1, 'not-submitted': 1 } })
    const stands = await batchReconciler(['status', root, '--json'])
    expect(jsonSummary(stands)).toMatchObject({ exit_code: 1, triples: { failed: 1 }, failed_for_good: 1 })
  })
})

describe('the exit code of many triples', () => {
  const passes = { code: 'NetworkError', message: 'm', isPassing: true } as const
  const passing = { outcome: 'failed', problem: passes } as const
  const lasting = { outcome: 'failed', problem: { code: 'RequestIdsMismatch', message: 'm' } } as const
  const forPerson = { outcome: 'needs-attention', problem: { ...passes, needsPerson: true } } as const
  const fine = [
    { outcome: 'done', problem: null },
    { outcome: 'pending', problem: passes },
    { outcome: 'not-submitted', problem: null },
    { outcome: 'planned', problem: null },
  ] as const

  test.each([
    ['nothing is wrong', fine, 0],
    ['all that is wrong passes', [...fine, passing, passing], 75],
    ['one of them lasts, last', [passing, lasting], 1],
    ['one of them lasts, first', [lasting, passing], 1],
    ['one of them is for a person', [passing, forPerson], 1],
    ['nobody knows what is wrong', [passing, { outcome: 'failed', problem: null }], 1],
  ] as const)('where %s', (_, standings, exitCode) => {
    expect(exitCodeOfStandings(standings)).toBe(exitCode)
  })
})
