import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normaliseBatch } from '../../../src/providers/openai/normalise-batch.js'
import {
  apiKey,
  chatInput,
  noSignal,
  rejection,
  sendJson,
  submission,
  withFile,
  withHandler,
} from './support.js'

const nest = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
const nestedBatch = (field: string): string =>
  `{"id":"batch_1","status":"in_progress","${field}":${nest(200_000)}}`
const query = { inputFileId: 'file-1', intentKey: null, uploadedAtMs: null }

describe('an answer that nests beyond any stack', () => {
  test.each(['errors', 'metadata', 'request_counts', 'usage', 'input_file_id'])('in %s is a batch', (field) =>
    withHandler(
      (_request, response) =>
        void response.setHeader('content-type', 'application/json').end(nestedBatch(field)),
      async ({ provider }) => {
        const found = await provider.status(['batch_1'], noSignal)
        expect([...found.values()]).toMatchObject([{ batchId: 'batch_1', status: 'in_progress' }])
      },
    ),
  )

  test('of an error is an error of the server', () =>
    withHandler(
      (_request, response) => {
        response.writeHead(400, { 'content-type': 'application/json' })
        response.end(`{"error":{"message":${nest(200_000)}}}`)
      },
      async ({ provider }) => {
        const { code } = await rejection(provider.status(['batch_1'], noSignal))
        expect(code).not.toBe('UnexpectedError')
      },
    ))

  test('among unreadable entries of a list is searched to its end', () =>
    withHandler(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(`{"object":"list","has_more":false,"data":[{"odd":${nest(50_000)},"input":"file-1"}]}`)
      },
      async ({ provider }) => {
        expect((await rejection(provider.find(query, noSignal))).code).toBe('SubmissionAmbiguous')
      },
    ))
})

describe('a server that repeats the key', () => {
  const split = `${apiKey.slice(0, 14)}…`
  test.each([
    [
      'in the message',
      400,
      { error: { message: `No: ${apiKey}`, code: apiKey, type: apiKey, param: apiKey } },
      {},
    ],
    ['in a part of the message', 401, { error: { message: `You sent ${split} here` } }, {}],
    ['across the bound of a message', 400, { error: { message: `${'x '.repeat(140)} ${apiKey}` } }, {}],
    ['as the body', 500, apiKey, {}],
    ['in headers', 429, {}, { 'retry-after': apiKey, 'x-request-id': apiKey, server: apiKey }],
    ['in an address', 307, {}, { location: `https://other.test/${apiKey}?key=${apiKey}` }],
    ['in what is no batch', 200, { id: apiKey, object: apiKey }, {}],
  ])('%s is not repeated by us', (_, status, body, headers) =>
    withHandler(
      (_request, response) => sendJson(response, body, status, headers),
      async ({ provider }) => {
        const error = await rejection(provider.status(['batch_1'], noSignal))
        const told = JSON.stringify([error.problem, error.message])
        for (const part of [apiKey, apiKey.slice(0, 14), apiKey.slice(-10)]) expect(told).not.toContain(part)
      },
    ),
  )
})

test.each(['', apiKey, 'x'.repeat(1024 * 1024)])('an upload is not taken whose id cannot be kept', (id) =>
  withHandler(
    (_request, response) => sendJson(response, { id, object: 'file' }),
    ({ provider, calls }) =>
      withFile(chatInput(1), async (path) => {
        await rejection(provider.submit(submission(path), noSignal))
        expect(calls).toEqual(['POST /v1/files'])
      }),
  ),
)

describe('a batch object of whatever kind', () => {
  const oddText = fc.oneof(
    fc.constantFrom(
      '..',
      '.',
      '',
      '/',
      '../../etc/passwd',
      '\u001B[2J',
      '\0',
      '__proto__',
      'constructor',
      '\uD800',
    ),
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constant('x'.repeat(1024 * 1024)),
  )
  const odd: fc.Arbitrary<unknown> = fc.oneof(
    oddText,
    fc.constantFrom(null, true, -1, 1e308, -1e308, 8.64e15 + 1, 2 ** 53, 0.5),
    fc
      .constantFrom(
        () => JSON.parse('{"__proto__":{"id":"x"},"data":{"__proto__":[1]}}') as unknown,
        () => JSON.parse(nest(5_000)) as unknown,
      )
      .map((make) => make()),
    fc.jsonValue({ maxDepth: 4 }),
  )
  const fields = [
    'status',
    'input_file_id',
    'output_file_id',
    'error_file_id',
    'endpoint',
    'created_at',
    'expires_at',
    'errors',
    'metadata',
    'request_counts',
  ]
  const oddBatch = fc
    .record(Object.fromEntries(fields.map((field) => [field, odd])), { requiredKeys: [] })
    .chain((batch) => oddText.map((id) => ({ ...batch, id })))

  test('is a batch of bounded words and of times that can be, or none', () => {
    fc.assert(
      fc.property(oddBatch, (value) => {
        const batch = normaliseBatch(value, [apiKey])
        if (batch === null) return
        expect(batch.batchId).toBe(value.id)
        const { batchId, status, endpoint, inputFileId, outputFileId, errorFileId } = batch
        for (const text of [batchId, status, endpoint, inputFileId, outputFileId, errorFileId])
          expect(text?.length ?? 0).toBeLessThanOrEqual(1_024)
        for (const at of [batch.createdAtMs, batch.expiresAtMs])
          if (at !== null) expect(Number.isNaN(new Date(at).getTime())).toBe(false)
        for (const error of batch.errors)
          for (const words of [error.code, error.message, error.param])
            expect(words?.length ?? 0).toBeLessThanOrEqual(501)
        expect(() => JSON.stringify(batch)).not.toThrow()
        expect(Object.getPrototypeOf({})).toBe(Object.prototype)
      }),
      { seed: 13, numRuns: 1_000 },
    )
  })
})
