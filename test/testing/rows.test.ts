import { describe, expect, test } from 'vitest'
import {
  rowOutcomes,
  type BatchPlan,
  type FakeBatchServerOptions,
  type RowOutcome,
} from '../../src/testing/index.js'
import { chatInput, clientOf, linesOf, stillServer, submit, type ParsedLine } from './client.js'

/** Runs one batch of chat requests and gives both files. */
async function ran(count: number, plan: BatchPlan, options: FakeBatchServerOptions = {}) {
  const server = stillServer(options)
  server.plan(plan)
  const client = clientOf(server)
  const { id } = await submit(client, chatInput(count))
  server.finishBatches()
  const batch = await client.batches.retrieve(id)
  const output = await linesOf(client, batch.output_file_id)
  return { server, client, batch, output, error: await linesOf(client, batch.error_file_id) }
}

const ids = (lines: readonly ParsedLine[]) => lines.map(({ custom_id: id }) => id)

describe('outcomes of rows', () => {
  const expected: Record<
    RowOutcome,
    [file: 'output' | 'error' | 'none', status: number | null, marks: string[]]
  > = {
    success: ['output', 200, ['"finish_reason": "stop"']],
    'fenced-json': ['output', 200, ['```json\\n']],
    truncated: ['output', 200, ['"finish_reason": "length"']],
    'content-filter': ['output', 200, ['"finish_reason": "content_filter"']],
    refusal: ['output', 200, ['"content": null', '"refusal": "I']],
    'failed-body': ['output', 200, ['"status": "failed"', 'rate_limit_exceeded']],
    'text-body': ['output', 200, ['"body": "{']],
    'status-0': ['error', 0, ['"request_id": ""', '"body": {}']],
    timeout: ['error', 408, []],
    conflict: ['error', 409, []],
    'rate-limited': ['error', 429, ['"code": "rate_limit_exceeded"']],
    'insufficient-quota': ['error', 429, ['"code": "insufficient_quota"']],
    'server-error': ['error', 500, ['"code": "server_error"']],
    'response-and-error': ['error', 503, ['"error": {"code": "server_error"']],
    'bad-request': ['error', 400, ['"type": "invalid_request_error"', '"error": null}']],
    'context-length': ['error', 400, ['"code": "context_length_exceeded"']],
    unauthorized: ['error', 401, []],
    forbidden: ['error', 403, []],
    expired: ['error', null, ['"response": null', '"code": "batch_expired"']],
    cancelled: ['error', null, ['"response": null', '"code": "batch_cancelled"']],
    missing: ['none', null, []],
  }

  test.each(rowOutcomes)('%s', async (outcome) => {
    const [file, status, marks] = expected[outcome]
    const { server, batch, output, error } = await ran(1, { rows: [{ when: 'request-1', answer: outcome }] })
    expect([output.length, error.length]).toEqual([file === 'output' ? 1 : 0, file === 'error' ? 1 : 0])
    const [line] = [...output, ...error]
    expect(line?.response?.status_code ?? null).toBe(status)
    const fileId = batch.output_file_id ?? batch.error_file_id ?? ''
    const text = Buffer.from(server.fileBytes(fileId) ?? []).toString()
    for (const mark of marks) expect(text).toContain(mark)
    expect(server.executions()).toHaveLength(1)
  })

  test('a row goes into the other file when its rule says so', async () => {
    const { output, error } = await ran(2, {
      rows: [
        { when: 'request-1', answer: 'status-0', file: 'output' },
        { when: 'request-2', answer: 'success', file: 'error' },
      ],
    })
    expect([ids(output), ids(error)]).toEqual([['request-1'], ['request-2']])
  })

  test('a rule for the first run only lets the same id succeed when it is sent again', async () => {
    const rows = [{ when: /^request-[12]$/, times: 1, answer: 'server-error' as const }]
    const { server, client, error } = await ran(3, { rows }, { defaults: { rows } })
    expect(ids(error)).toEqual(['request-1', 'request-2'])
    await submit(client, chatInput(2))
    server.finishBatches()
    expect(server.batches()[1]?.request_counts).toEqual({ total: 2, completed: 2, failed: 0 })
    expect(server.executions().map(({ customId, run, isAnswered }) => [customId, run, isAnswered])).toEqual([
      ['request-1', 1, false],
      ['request-2', 1, false],
      ['request-3', 1, true],
      ['request-1', 2, true],
      ['request-2', 2, true],
    ])
  })

  test('the answers can be given by the test: a text, a body, a whole line', async () => {
    const { output } = await ran(
      3,
      {},
      {
        answer: ({ custom_id: id }) =>
          id === 'request-1'
            ? { text: 'forty-two' }
            : id === 'request-2'
              ? { status: 201, body: ['odd'] }
              : { line: { custom_id: id, response: { status_code: 200, body: 'x' } } },
      },
    )
    expect(output[0]?.response?.body).toMatchObject({ choices: [{ message: { content: 'forty-two' } }] })
    expect(output[1]?.response).toMatchObject({ status_code: 201, body: ['odd'] })
    expect(output[2]).toEqual({ custom_id: 'request-3', response: { status_code: 200, body: 'x' } })
  })
})

describe('damage to the files', () => {
  test('errors in the output file', async () => {
    const { batch, output } = await ran(3, {
      rows: [{ when: 'request-2', answer: 'status-0' }],
      damage: { errorsInOutput: true },
    })
    expect(batch.error_file_id).toBeNull()
    expect(output.map(({ response }) => response?.status_code)).toEqual([200, 0, 200])
  })

  test('lines that stand there twice, answered twice, in both files, and that nobody asked for', async () => {
    const { output, error } = await ran(3, {
      damage: { duplicateLines: 1, conflictingLines: 2, unknownIds: 1, alsoInErrorFile: 2 },
    })
    expect(ids(output)).toEqual([
      'request-1',
      'request-2',
      'request-3',
      'request-1',
      'request-1',
      'request-2',
      'nobody-asked-for-this-1',
    ])
    expect(output[3]).toEqual(output[0])
    expect(output[4]?.response).not.toEqual(output[0]?.response)
    expect(ids(error)).toEqual(['request-1', 'request-2'])
  })

  test('cut lines, no final newline, an error file of no bytes', async () => {
    const server = stillServer()
    server.plan({ damage: { unreadableLines: 1, noFinalNewline: true, emptyErrorFile: true } })
    await submit(clientOf(server), chatInput(2))
    server.finishBatches()
    const [batch] = server.batches()
    const text = Buffer.from(server.fileBytes(batch?.output_file_id ?? '') ?? []).toString()
    const [good = '', bad = '', ...rest] = text.split('\n')
    expect(rest).toEqual([])
    expect(JSON.parse(good)).toMatchObject({ custom_id: 'request-1' })
    expect(() => JSON.parse(bad) as unknown).toThrow(SyntaxError)
    expect(server.fileBytes(batch?.error_file_id ?? '')).toEqual(new Uint8Array())
  })

  test('shuffled and reversed lines are the same lines in another order', async () => {
    const straight = ids((await ran(30, {})).output)
    const reversed = ids((await ran(30, { order: 'reversed' })).output)
    const shuffled = ids((await ran(30, { order: 'shuffled' })).output)
    expect(reversed).toEqual(straight.toReversed())
    expect(shuffled).not.toEqual(straight)
    expect(shuffled.toSorted()).toEqual(straight.toSorted())
  })
})
