import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { evaluateRow, type ReconciledRow } from '../../../src/accounting/rows/evaluate-row.js'
import { readResultLine } from '../../../src/accounting/rows/result-line.js'

const samples = fileURLToPath(new URL('../../../../shared/samples', import.meta.url))

async function rowsOf(file: string, contentType: 'json' | 'text'): Promise<ReconciledRow[]> {
  const lines = readFileSync(`${samples}/${file}`, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  return Promise.all(
    lines.map((line, at) =>
      evaluateRow(readResultLine(JSON.parse(line), { file: 'output', line: at + 1 }), {
        contentType,
        repairJson: true,
      }),
    ),
  )
}

const verdicts = (rows: readonly ReconciledRow[]): unknown[] =>
  rows.map((row) => [row.customId, row.class, row.error?.code ?? null])

describe.skipIf(!existsSync(samples))('sample files', () => {
  test('each failure shape that servers write is told apart', async () => {
    expect(verdicts(await rowsOf('shapes/error-lines.jsonl', 'json'))).toEqual([
      ['chat-186', 'transient', 'http_0'],
      ['a/b:c-1', 'needs-person', 'insufficient_quota'],
      ['request-3', 'not-executed', 'batch_expired'],
      ['request-7', 'not-executed', 'batch_expired'],
      ['annotation:-170__457', 'permanent', 'unsupported_parameter'],
      ['server-error', 'transient', 'server_error'],
      ['ticket-1042', 'not-executed', 'batch_cancelled'],
      ['rate-limited', 'transient', 'rate_limit_exceeded'],
      ['responses-failed', 'transient', 'rate_limit_exceeded'],
    ])
  })

  test('each answer shape that servers write is read', async () => {
    const rows = await rowsOf('shapes/output-lines.jsonl', 'json')
    expect(rows.map((row) => [row.customId, row.class, row.content])).toEqual([
      ['chat-1', 'success', { name: 'Ada' }],
      ['chat-truncated', 'semantic', '{"name":"Ad'],
      ['chat-refusal', 'semantic', null],
      ['chat-fenced', 'success', { name: 'Ada', tags: ['x'] }],
      ['responses-1', 'rejected', null],
      ['embedding-1', 'success', [0.1, -0.2]],
      ['both-sides', 'transient', null],
    ])
    expect(rows[3]?.isRepaired).toBe(true)
  })

  test('real answers of three endpoints are successes with usage', async () => {
    const rows = await rowsOf('openai-batch-manager/output-reserialised.jsonl', 'text')
    expect(rows.length).toBeGreaterThan(2)
    for (const row of rows)
      expect(row).toMatchObject({ class: 'success', error: null, usage: expect.anything() })
    expect(
      rows.some(
        (row) => Array.isArray(row.content) && row.content.every((value) => typeof value === 'number'),
      ),
    ).toBe(true)
  })

  test('a real file of 65 chat answers is 65 texts', async () => {
    const rows = await rowsOf('navirag/output.jsonl', 'text')
    expect(rows).toHaveLength(65)
    for (const row of rows)
      expect(row).toMatchObject({ class: 'success', content: expect.any(String), finishReason: 'stop' })
  })
})
