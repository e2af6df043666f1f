import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import OpenAI, { AzureOpenAI } from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import { openAiBatchProvider } from '../../../src/providers/openai/provider.js'
import {
  apiKey,
  chatInput,
  collector,
  noSignal,
  rejection,
  sendJson,
  submission,
  withFile,
} from './support.js'

/** One request as a server saw it: whatever could give us away. */
interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

interface Loopback {
  readonly origin: string
  readonly seen: readonly Seen[]
}

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

type Answering = (request: Seen, response: ServerResponse) => void

async function loopback(answer: Answering): Promise<Loopback> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const one = { method, url, headers, body: Buffer.concat(pieces).toString() }
      seen.push(one)
      answer(one, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const redirect = (response: ServerResponse, status: number, location: string): void => {
  response.writeHead(status, { location }).end()
}

const batch = { id: 'batch_1', object: 'batch', status: 'validating', input_file_id: 'file-1' }

/** Answers every call of the API as a healthy server would. */
const healthy: Answering = ({ method, url }, response) => {
  if (url.includes('/content')) response.end(row)
  else if (url.includes('/files')) sendJson(response, { id: 'file-1', object: 'file', bytes: 0 })
  else if (method === 'GET' && /batches\/?(\?|$)/.test(url))
    sendJson(response, { data: [batch], has_more: false })
  else sendJson(response, batch)
}

const row = `${JSON.stringify({ custom_id: 'request-1', response: { status_code: 200, body: {} }, error: null })}\n`

const secretHeaders = { 'x-gateway-key': 'gateway-secret', cookie: 'session=cookie-secret' }

const clients = {
  'the plain client': (baseURL: string) => new OpenAI({ apiKey, baseURL, defaultHeaders: secretHeaders }),
  'a client that is told to follow': (baseURL: string) =>
    new OpenAI({ apiKey, baseURL, defaultHeaders: secretHeaders, fetchOptions: { redirect: 'follow' } }),
  'a client with a fetch of its own': (baseURL: string) =>
    new OpenAI({ apiKey, baseURL, defaultHeaders: secretHeaders, fetch: (url, init) => fetch(url, init) }),
  'the client for Azure': (baseURL: string) =>
    new AzureOpenAI({ apiKey, apiVersion: '2024-10-21', baseURL, defaultHeaders: secretHeaders }),
} as const

const secrets = [apiKey, 'gateway-secret', 'cookie-secret', 'Say request', 'request-1']

function expectNoSecret({ seen }: Loopback): void {
  const text = JSON.stringify(seen)
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
}

type Provider = ReturnType<typeof openAiBatchProvider>
const operations: Readonly<Record<string, (provider: Provider) => Promise<unknown>>> = {
  'an upload': (provider) => withFile(chatInput(2), (path) => provider.submit(submission(path), noSignal)),
  'a creation': (provider) =>
    withFile(chatInput(2), (path) => provider.submit(submission(path, { inputFileId: 'file-1' }), noSignal)),
  'a look at the list': (provider) =>
    provider.find({ inputFileId: 'file-1', intentKey: null, uploadedAtMs: null }, noSignal),
  'a look at a batch': (provider) => provider.status(['batch_1'], noSignal),
  'a cancellation': (provider) => provider.cancel('batch_1', noSignal),
}

const cases = Object.keys(clients).flatMap((client) =>
  Object.keys(operations).flatMap((operation) =>
    [301, 302, 303, 307, 308].map((status) => ({ client, operation, status })),
  ),
) as readonly { readonly client: keyof typeof clients; readonly operation: string; readonly status: number }[]

describe('a server that sends us on to another origin', () => {
  test.each(cases)(
    'gets no further with $operation of $client ($status)',
    async ({ client, operation, status }) => {
      const other = await loopback(healthy)
      const own = await loopback(({ url }, response) => redirect(response, status, `${other.origin}${url}`))
      const provider = openAiBatchProvider({ client: clients[client](`${own.origin}/v1`) })
      const { problem } = await rejection(operations[operation]?.(provider) ?? Promise.resolve())
      expect(other.seen).toEqual([])
      expect(problem.message).toContain(own.origin)
      expect(problem.message).toContain(other.origin)
      // Only 307 and 308 say that nothing was carried out.
      const isDoubtful = operation === 'a creation' && status < 307
      expect(problem.code).toBe(isDoubtful ? 'SubmissionAmbiguous' : 'RequestRefused')
      if (!isDoubtful) expect(problem.hint).toContain(`set the base URL to ${other.origin}/v1`)
    },
  )

  test('is not told the query either, which may be a signature', async () => {
    const own = await loopback((_request, response) =>
      redirect(response, 307, 'http://other.test/v1/files?signature=query-secret'),
    )
    const provider = openAiBatchProvider({ client: new OpenAI({ apiKey, baseURL: `${own.origin}/v1` }) })
    const { problem } = await rejection(operations['an upload']?.(provider) ?? Promise.resolve())
    expect(JSON.stringify(problem)).not.toContain('query-secret')
    expect(problem.message).toContain('http://other.test/v1/files')
  })

  test('is another origin also where only the scheme or the port differs', async () => {
    const own = await loopback(({ url, headers }, response) =>
      redirect(response, 308, `https://${headers.host}${url}`),
    )
    const provider = openAiBatchProvider({ client: new OpenAI({ apiKey, baseURL: `${own.origin}/v1` }) })
    const { problem } = await rejection(operations['a look at a batch']?.(provider) ?? Promise.resolve())
    expect(problem.hint).toContain(`set the base URL to ${own.origin.replace('http:', 'https:')}`)
  })
})

const toSlash = (status: number): Answering =>
  function answer(seen, response) {
    const [path = '', query = ''] = seen.url.split('?')
    if (path.endsWith('/')) healthy({ ...seen, url: seen.url }, response)
    else redirect(response, status, `${path}/${query === '' ? '' : `?${query}`}`)
  }

describe('a redirect within the origin', () => {
  test.each(
    Object.keys(operations).flatMap((operation) => [307, 308].map((status) => [operation, status] as const)),
  )('is followed with %s (%i), with method, key and body as they were', async (operation, status) => {
    const own = await loopback(toSlash(status))
    const provider = openAiBatchProvider({ client: new OpenAI({ apiKey, baseURL: `${own.origin}/v1` }) })
    await operations[operation]?.(provider)
    for (let position = 0; position < own.seen.length; position += 2) {
      const [first, second] = own.seen.slice(position, position + 2)
      expect(second?.method).toBe(first?.method)
      expect(second?.headers.authorization).toBe(`Bearer ${apiKey}`)
      expect(withoutBoundary(second)).toBe(withoutBoundary(first))
    }
  })

  test.each([301, 302, 303])(
    'is not followed with a creation (%i): it may have been carried out',
    async (status) => {
      const own = await loopback(toSlash(status))
      const provider = openAiBatchProvider({ client: new OpenAI({ apiKey, baseURL: `${own.origin}/v1` }) })
      const { problem } = await rejection(operations['a creation']?.(provider) ?? Promise.resolve())
      expect(problem.code).toBe('SubmissionAmbiguous')
      expect(own.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /v1/batches'])
    },
  )

  test('that never ends is given up', async () => {
    const own = await loopback(({ url }, response) => redirect(response, 307, `${url}x`))
    const provider = openAiBatchProvider({ client: new OpenAI({ apiKey, baseURL: `${own.origin}/v1` }) })
    const { problem } = await rejection(operations['a look at a batch']?.(provider) ?? Promise.resolve())
    expect(problem.message).toContain('on and on')
    expect(own.seen).toHaveLength(6)
  })

  test('keeps the version that Azure wants in the query', async () => {
    const own = await loopback(toSlash(307))
    const provider = openAiBatchProvider({ client: clients['the client for Azure'](`${own.origin}/openai`) })
    await operations['a look at a batch']?.(provider)
    expect(own.seen.map(({ url }) => url)).toEqual([
      '/openai/batches/batch_1?api-version=2024-10-21',
      '/openai/batches/batch_1/?api-version=2024-10-21',
    ])
    expect(own.seen[1]?.headers['api-key']).toBe(apiKey)
  })
})

const withoutBoundary = (seen: Seen | undefined): string | undefined =>
  seen?.body.replaceAll(/-{4,}[\w-]+/g, '--boundary')

const content: Answering = (_request, response) =>
  void response.writeHead(200, { 'content-length': row.length }).end(row)

/** The API, whose contents stand elsewhere. */
const sendsContentTo = (address: (url: string) => string): Answering =>
  function answer(seen, response) {
    if (seen.url.includes('/content')) redirect(response, 302, address(seen.url))
    else healthy(seen, response)
  }

describe('the content of a file at another origin', () => {
  test.each(Object.keys(clients) as (keyof typeof clients)[])(
    'is fetched by %s without key, cookies or headers of ours',
    async (client) => {
      const store = await loopback(content)
      const own = await loopback(sendsContentTo(() => `${store.origin}/blob?signature=abc`))
      const provider = openAiBatchProvider({ client: clients[client](`${own.origin}/v1`) })
      const sink = collector()
      expect(await provider.download('file-1', sink.write, noSignal)).toEqual({ bytes: row.length })
      expect(sink.text()).toBe(row)
      expectNoSecret(store)
      expect(store.seen).toHaveLength(1)
      expect(store.seen[0]).toMatchObject({ method: 'GET', url: '/blob?signature=abc', body: '' })
      const ours = Object.keys(store.seen[0]?.headers ?? {}).filter((name) =>
        /openai|stainless|api|auth|cookie/.test(name),
      )
      expect(ours).toEqual([])
      expect(store.seen[0]?.headers['accept-encoding']).toBe('identity')
    },
  )

  test('may be sent on once more, and still gets nothing of ours', async () => {
    const last = await loopback(content)
    const store = await loopback((_request, response) => redirect(response, 307, `${last.origin}/blob`))
    const own = await loopback(sendsContentTo(() => `${store.origin}/blob`))
    const provider = openAiBatchProvider({ client: clients['the plain client'](`${own.origin}/v1`) })
    await provider.download('file-1', collector().write, noSignal)
    expectNoSecret(store)
    expectNoSecret(last)
  })

  test('that leads back to the server gets no key there either', async () => {
    const own: Loopback = await loopback((seen, response) => {
      if (seen.url === '/v1/files/file-1/content') redirect(response, 302, `${store.origin}/blob`)
      else if (seen.url === '/public') content(seen, response)
      else healthy(seen, response)
    })
    const store: Loopback = await loopback((_request, response) =>
      redirect(response, 302, `${own.origin}/public`),
    )
    const provider = openAiBatchProvider({ client: clients['the plain client'](`${own.origin}/v1`) })
    await provider.download('file-1', collector().write, noSignal)
    expect(own.seen.at(-1)?.url).toBe('/public')
    expect(own.seen.at(-1)?.headers.authorization).toBeUndefined()
  })

  test('is tried again when the store refuses the signature, and gone when it is gone', async () => {
    let status = 403
    const store = await loopback((_request, response) => response.writeHead(status).end('<Error/>'))
    const own = await loopback(sendsContentTo(() => `${store.origin}/blob?signature=abc`))
    const provider = openAiBatchProvider({ client: clients['the plain client'](`${own.origin}/v1`) })
    const refused = await rejection(provider.download('file-1', collector().write, noSignal))
    expect(refused.problem).toMatchObject({ code: 'NetworkError', isPassing: true })
    expect(JSON.stringify(refused.problem)).not.toContain('signature')
    status = 404
    expect((await rejection(provider.download('file-1', collector().write, noSignal))).code).toBe(
      'BatchFilesGone',
    )
  })

  test.each(['file:///etc/passwd', 'ftp://127.0.0.1/blob', 'data:text/plain,hello'])(
    'is not fetched from %s',
    async (address) => {
      const own = await loopback(sendsContentTo(() => address))
      const provider = openAiBatchProvider({ client: clients['the plain client'](`${own.origin}/v1`) })
      const sink = collector()
      expect((await rejection(provider.download('file-1', sink.write, noSignal))).code).toBe('RequestRefused')
      expect(sink.bytes()).toBe(0)
    },
  )
})
