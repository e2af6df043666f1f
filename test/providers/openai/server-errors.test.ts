import { inspect } from 'node:util'
import OpenAI, { APIUserAbortError } from 'openai'
import { describe, expect, test } from 'vitest'
import { serverError } from '../../../src/providers/openai/server-errors.js'
import { openAiBatchProvider } from '../../../src/providers/openai/provider.js'
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

const context = {
  action: 'batches.retrieve',
  host: 'api.example.org',
  address: 'https://api.example.org/v1/batches',
  secrets: [apiKey],
  nowMs: 0,
}

/** What the provider makes of an answer to `batches.retrieve`. */
const onStatus = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  withHandler(
    (_request, response) => sendJson(response, body, status, headers),
    ({ provider }) => rejection(provider.status(['batch_1'], noSignal)),
  )

const errorBody = (
  code: string | null,
  message = 'The words of the server.',
  type = 'invalid_request_error',
) => ({
  error: { message, type, param: 'endpoint', code },
})

const sendNothing = () => {}

describe('errors of a server', () => {
  test.each([
    [400, 'invalid_value', 'RequestRefused', 'person'],
    [400, 'billing_hard_limit_reached', 'QuotaExhausted', 'person'],
    [401, 'invalid_api_key', 'AccessDenied', 'person'],
    [402, null, 'QuotaExhausted', 'person'],
    [403, null, 'AccessDenied', 'person'],
    [408, null, 'NetworkError', 'passing'],
    [409, null, 'NetworkError', 'passing'],
    [422, null, 'RequestRefused', 'person'],
    [425, null, 'NetworkError', 'passing'],
    [429, 'rate_limit_exceeded', 'RateLimited', 'passing'],
    [429, 'insufficient_quota', 'QuotaExhausted', 'person'],
    [429, 'org_spend_limit_exceeded', 'QuotaExhausted', 'person'],
    [500, 'server_error', 'NetworkError', 'passing'],
    [502, null, 'NetworkError', 'passing'],
    [529, null, 'NetworkError', 'passing'],
  ])('%i %s is %s (%s)', async (status, code, problemCode, kind) => {
    const { problem } = await onStatus(status, errorBody(code))
    expect(problem.code).toBe(problemCode)
    expect(problem.isPassing === true).toBe(kind === 'passing')
    expect(problem.needsPerson === true).toBe(kind === 'person')
    expect(problem.facts).toMatchObject({ status, code, action: 'batches.retrieve' })
  })

  test.each([
    [400, 'Arrearage'],
    [403, 'AccountOverdueError'],
    [403, 'AllocationQuota.FreeTierOnly'],
    [429, 'exceeded_current_quota_error'],
    [400, 'insufficient_balance'],
    [400, 'Insufficient Balance'],
    [403, 'insufficient_user_quota'],
    [400, 'PostpaidBillOverdue'],
  ])('%i %s, as other servers say it, is a quota too', async (status, code) => {
    expect((await onStatus(status, errorBody(code))).code).toBe('QuotaExhausted')
    expect((await onStatus(status, errorBody(null, 'no', code))).code).toBe('QuotaExhausted')
  })

  test('a server in trouble is no quota, whatever it says', async () => {
    expect((await onStatus(500, errorBody('insufficient_quota'))).code).toBe('NetworkError')
  })

  test('a limit of the rate is no quota', async () => {
    for (const code of ['Throttling.AllocationQuota', 'rate_limit_exceeded', 'RateQuota', 'quota'])
      expect((await onStatus(429, errorBody(code))).code).toBe('RateLimited')
  })

  test('the quota is known by its type as well', async () => {
    const { code } = await onStatus(429, errorBody(null, 'no credit', 'insufficient_quota'))
    expect(code).toBe('QuotaExhausted')
  })

  test('Retry-After reaches the problem of a passing error and no other', async () => {
    const limited = await onStatus(429, errorBody('rate_limit_exceeded'), { 'retry-after': '9999999' })
    expect(limited.problem.retryAfterMs).toBe(3_600_000)
    const down = await onStatus(503, errorBody(null), { 'retry-after': '20' })
    expect(down.problem.retryAfterMs).toBe(20_000)
    const broke = await onStatus(429, errorBody('insufficient_quota'), { 'retry-after': '20' })
    expect(broke.problem.retryAfterMs).toBeUndefined()
  })

  test('the key is printed nowhere, however the server quotes it', async () => {
    const message = `Incorrect API key provided: ${apiKey}. Sent as Bearer ${apiKey}; also sk-other-abcdef123456.`
    const error = await onStatus(401, errorBody('invalid_api_key', message))
    expect(inspect(error, { depth: 10 })).not.toMatch(/secret1234567890|abcdef123456/)
    expect(error.message).toContain('Incorrect API key provided: [key]')
  })

  test("a key that no header can carry is a person's problem and is not printed", async () => {
    const client = new OpenAI({ apiKey: `${apiKey}\n#`, baseURL: 'http://127.0.0.1:9/v1' })
    const error = await rejection(openAiBatchProvider({ client }).status(['batch_1'], noSignal))
    expect(error.code).toBe('AccessDenied')
    expect(inspect(error, { depth: 10 })).not.toContain('secret1234567890')
  })

  test('messages are bounded, and a page of HTML is only named', async () => {
    const long = await onStatus(400, errorBody('invalid_value', 'x'.repeat(100_000)))
    expect(long.message.length).toBeLessThan(500)
    const page = await withHandler(
      (_request, response) =>
        response.writeHead(502, { 'content-type': 'text/html' }).end('<html>'.padEnd(9_000, 'x')),
      ({ provider }) => rejection(provider.status(['batch_1'], noSignal)),
    )
    expect(page.message).toContain('502: an HTML page')
  })

  test('an error without the usual body keeps its status', async () => {
    const error = await onStatus(422, { detail: 'Unprocessable' })
    expect(error.message).toContain('422')
  })

  test('what has no API at the address says which address was asked, and what it usually is', async () => {
    await withHandler(
      (_request, response) => sendJson(response, { detail: 'Not Found' }, 404),
      async ({ provider }) => {
        const upload = withFile(chatInput(1), (path) => provider.submit(submission(path), noSignal))
        const { problem } = await rejection(upload)
        expect(problem.message).toMatch(
          /answered files\.create with 404 \(asked: http:\/\/127\.0\.0\.1:\d+\/v1\/files\)/,
        )
        expect(problem.hint).toContain('no files and batch API')
        expect(problem.hint).not.toContain('/v1/v1')
      },
    )
    const { hint } = serverError(
      Object.assign(new Error('404 status code (no body)'), { status: 404, headers: new Headers() }),
      { ...context, action: 'files.create', address: 'https://api.example.org/files' },
    )
    expect(hint).toContain('try https://api.example.org/v1')
  })

  test('a server with files and without batches is told apart from a wrong base URL', () =>
    withHandler(
      (request, response) =>
        request.url === '/v1/files'
          ? sendJson(response, { id: 'file-1' })
          : sendJson(response, { detail: 'Not Found' }, 404),
      async ({ provider }) => {
        const upload = withFile(chatInput(1), (path) => provider.submit(submission(path), noSignal))
        const { problem } = await rejection(upload)
        expect(problem.message).toContain('/v1/batches')
        expect(problem.hint).toContain('no batch API')
      },
    ))

  test('a 404 about a file is not blamed on the base URL', () =>
    withHandler(
      (request, response) =>
        request.url === '/v1/files'
          ? sendJson(response, { id: 'file-1' })
          : sendJson(response, errorBody(null, 'No such File object: file-1'), 404),
      async ({ provider }) => {
        const upload = withFile(chatInput(1), (path) => provider.submit(submission(path), noSignal))
        const { problem } = await rejection(upload)
        expect(problem.message).toContain('No such File object')
        expect(problem.hint).not.toContain('batch API')
      },
    ))

  test('429 on a creation says that nothing was made and who goes on', () =>
    withHandler(
      (request, response) =>
        request.url === '/v1/files'
          ? sendJson(response, { id: 'file-1' })
          : sendJson(response, errorBody('rate_limit_exceeded'), 429),
      async ({ provider }) => {
        const upload = withFile(chatInput(1), (path) => provider.submit(submission(path), noSignal))
        const { problem } = await rejection(upload)
        expect(problem.hint).toMatch(/No batch was made.*`watch` goes on by itself.*`run` again/)
      },
    ))

  test('nobody listening is a passing network error that names the cause', async () => {
    const provider = await withHandler(sendNothing, async (scene) => scene.provider)
    const { problem } = await rejection(provider.status(['batch_1'], noSignal))
    expect(problem).toMatchObject({ code: 'NetworkError', isPassing: true })
    expect(problem.message).toContain('ECONNREFUSED')
  })

  test.each([
    ['Proxy response (407) !== 200 when HTTP Tunneling', 'AccessDenied', 'wants a name and a password'],
    ['Proxy Authentication Required (407)', 'AccessDenied', 'wants a name and a password'],
    ['Proxy response (403) !== 200 when HTTP Tunneling', 'AccessDenied', 'let api.example.org through'],
    ['Proxy response (503) !== 200 when HTTP Tunneling', 'NetworkError', 'check the network'],
  ])('what undici says of a proxy is understood: %s', (words, code, hint) => {
    const cause = Object.assign(new Error(words), { code: 'UND_ERR_ABORTED' })
    const { problem } = serverError(new TypeError('fetch failed', { cause }), context)
    expect(problem.code).toBe(code)
    expect(problem.needsPerson === true).toBe(code === 'AccessDenied')
    expect(problem.isPassing === true).toBe(code === 'NetworkError')
    expect(problem.hint).toContain(hint)
  })

  test.each([
    'SELF_SIGNED_CERT_IN_CHAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])('a certificate that is not trusted is no passing fault: %s', (code) => {
    const cause = Object.assign(new Error('words of OpenSSL'), { code })
    const { problem } = serverError(new TypeError('fetch failed', { cause }), context)
    expect(problem).toMatchObject({ code: 'AccessDenied', needsPerson: true, facts: { isSent: false } })
    expect(problem.hint).toContain('NODE_EXTRA_CA_CERTS=')
  })

  test('name and password of an address are printed nowhere', () => {
    const { problem } = serverError(new Error('no way to http://me:secret@proxy.example:3128'), context)
    expect(JSON.stringify(problem)).toContain('http://proxy.example:3128')
    expect(JSON.stringify(problem)).not.toContain('secret')
  })

  test.each([
    ['truncated JSON', new SyntaxError('Unexpected end of JSON input'), 'NetworkError'],
    ['a cut body', new TypeError('terminated'), 'NetworkError'],
    ['a reset', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), 'NetworkError'],
    [
      'an undici code on the cause',
      new Error('x', { cause: Object.assign(new Error('y'), { code: 'UND_ERR_SOCKET' }) }),
      'NetworkError',
    ],
    ['an abort', new DOMException('stop', 'AbortError'), 'Interrupted'],
    ['an abort by the SDK', new APIUserAbortError(), 'Interrupted'],
    [
      'a fault of the code',
      new TypeError("Cannot read properties of undefined (reading 'x')"),
      'UnexpectedError',
    ],
    ['no error at all', 'text', 'UnexpectedError'],
  ])('%s is recognised', (_name, error, code) => {
    expect(serverError(error, context).code).toBe(code)
  })
})
