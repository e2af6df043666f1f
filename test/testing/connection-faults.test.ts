import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import { faults, type FakeBatchServer, type ListeningServer } from '../../src/testing/index.js'
import { chatInput, clientAt, clientOf, createBatch, stillServer, submit, upload } from './client.js'

const open: ListeningServer[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((listening) => listening.close()))
})

async function overSocket(server: FakeBatchServer, maxRetries = 0): Promise<OpenAI> {
  const listening = await server.listen()
  open.push(listening)
  return clientAt(listening.baseURL, maxRetries)
}

const transports = [
  ['fetch', (server: FakeBatchServer, maxRetries = 0) => Promise.resolve(clientOf(server, maxRetries))],
  ['a socket', overSocket],
] as const

describe.each(transports)('answers that go wrong over %s', (_name, connect) => {
  test('a create whose answer is lost made a batch all the same', async () => {
    const server = stillServer({ faults: [faults.createAnswerLost()] })
    const client = await connect(server)
    const file = await upload(client, chatInput(1))
    await expect(createBatch(client, file.id)).rejects.toBeInstanceOf(APIConnectionError)
    expect(server.batches().map((batch) => batch.input_file_id)).toEqual([file.id])
    expect(server.requests('batches.create').map(({ answer, isExecuted }) => [answer, isExecuted])).toEqual([
      ['reset', true],
    ])
  })

  test('the client’s own retries turn lost answers into several batches', async () => {
    const server = stillServer({ faults: [faults.createAnswerLost({ times: 2 })] })
    const { id } = await createBatch(await connect(server, 2), 'file-1')
    expect(server.batches()).toHaveLength(3)
    expect(server.batches().at(-1)?.id).toBe(id)
  })

  test('and a 500 after storing into two', async () => {
    const server = stillServer({ faults: [faults.createStoredThen500()] })
    await createBatch(await connect(server, 2), 'file-1')
    expect(server.batches()).toHaveLength(2)
  })

  test('a create that is never answered made a batch, and the client times out', async () => {
    const server = stillServer({ faults: [faults.createNeverAnswered()] })
    const client = await connect(server)
    const creation = client.batches.create(
      { input_file_id: 'file-1', endpoint: '/v1/responses', completion_window: '24h' },
      { timeout: 100 },
    )
    await expect(creation).rejects.toBeInstanceOf(APIConnectionTimeoutError)
    expect(server.batches()).toHaveLength(1)
    expect(server.requests().map(({ answer }) => answer)).toEqual(['silence'])
  })

  test('a connection that breaks before the server acted leaves nothing behind', async () => {
    const server = stillServer({ faults: [faults.connectionReset('files.create')] })
    const client = await connect(server)
    await expect(upload(client, chatInput(1))).rejects.toBeInstanceOf(APIConnectionError)
    expect(server.files()).toEqual([])
    expect(await upload(client, chatInput(1))).toMatchObject({ object: 'file' })
  })

  test('an upload whose answer is lost left a file', async () => {
    const server = stillServer({ faults: [faults.answerLost('files.create')] })
    await expect(upload(await connect(server), chatInput(1))).rejects.toBeInstanceOf(APIConnectionError)
    expect(server.files()).toHaveLength(1)
  })

  test('a storm of 429 says how long to stay away, and refuses before anything is stored', async () => {
    const fault = faults.rateLimited('all', { times: 3, retryAfterSeconds: 7 })
    const server = stillServer({ faults: [fault] })
    const client = await connect(server)
    for (let call = 0; call < 3; call++) {
      const error = await failureOf(createBatch(client, 'file-1'))
      expect([error.status, error.code, error.headers?.get('retry-after')]).toEqual([
        429,
        'rate_limit_exceeded',
        '7',
      ])
    }
    expect(server.batches()).toEqual([])
    expect(await createBatch(client, 'file-1')).toMatchObject({ status: 'validating' })
  })

  test('an account without credit is told so', async () => {
    const server = stillServer({ faults: [faults.quotaExhausted('batches.create')] })
    const error = await failureOf(createBatch(await connect(server), 'file-1'))
    expect([error.status, error.code]).toEqual([429, 'insufficient_quota'])
  })

  test('a page of HTML with status 200 reaches the caller as text', async () => {
    const server = stillServer({ faults: [faults.htmlPage('batches.retrieve')] })
    const client = await connect(server)
    const { id } = await createBatch(client, 'file-1')
    expect(typeof (await client.batches.retrieve(id))).toBe('string')
  })

  test('an abort ends a wait for an answer', async () => {
    const server = stillServer({ faults: [{ on: 'batches.list', effect: { type: 'silence' } }] })
    const client = await connect(server)
    const abort = new AbortController()
    const listing = client.batches.list({}, { signal: abort.signal })
    const failure = failureOf(listing)
    abort.abort()
    expect(await failure).toBeInstanceOf(APIUserAbortError)
  })
})

describe('a client that goes away', () => {
  test('while its create is under way leaves a batch behind, and the server serves on', async () => {
    const server = stillServer()
    const client = await overSocket(server)
    const release = gate()
    const arrival = gate()
    const when = () => {
      arrival.open()
      return true
    }
    server.script({
      on: 'batches.create',
      when,
      effect: { type: 'hold', stage: 'after', until: release.opened },
    })
    const abort = new AbortController()
    const failure = failureOf(
      client.batches.create(
        { input_file_id: 'file-1', endpoint: '/v1/responses', completion_window: '24h' },
        { signal: abort.signal },
      ),
    )
    await arrival.opened
    await client.batches.list()
    abort.abort()
    expect(await failure).toBeInstanceOf(APIUserAbortError)
    release.open()
    expect((await client.batches.list()).data).toHaveLength(1)
  })

  test('its key is not kept in the log of requests', async () => {
    const server = stillServer()
    await clientOf(server).batches.list()
    expect(server.requests()[0]?.headers['authorization']).toBe('***')
    expect(JSON.stringify(server.requests())).not.toContain('Bearer')
  })
})

describe('how faults are aimed', () => {
  test('at the second call of one file, three times', async () => {
    const server = stillServer()
    const client = clientOf(server)
    const [one, two] = [await upload(client, chatInput(1)), await upload(client, chatInput(1))]
    const fault = server.script(
      faults.serverError('files.retrieve', {
        when: ({ id }) => id === two.id,
        skip: 1,
        times: 3,
        status: 503,
      }),
    )
    const outcomes = []
    for (const id of [one.id, one.id, two.id, two.id, two.id, two.id, two.id]) {
      outcomes.push(
        await client.files.retrieve(id).then(
          () => 200,
          ({ status }: { status: number }) => status,
        ),
      )
    }
    expect(outcomes).toEqual([200, 200, 200, 503, 503, 503, 200])
    expect(fault.hits()).toBe(3)
  })

  test('a fault that is stopped strikes no more', async () => {
    const server = stillServer()
    const client = clientOf(server)
    const fault = server.script(faults.serverError('all', { times: Infinity }))
    await expect(client.batches.list()).rejects.toMatchObject({ status: 500 })
    fault.stop()
    expect((await client.batches.list()).data).toEqual([])
  })

  test('the first of two faults on one call strikes, the second waits for the next', async () => {
    const server = stillServer({
      faults: [faults.serverError('all', { status: 502 }), faults.serverError('all', { status: 503 })],
    })
    const client = clientOf(server)
    await expect(client.batches.list()).rejects.toMatchObject({ status: 502 })
    await expect(client.batches.list()).rejects.toMatchObject({ status: 503 })
    expect((await client.batches.list()).data).toEqual([])
  })

  test.each(['before', 'after'] as const)('a held call waits %s it is done', async (stage) => {
    const server = stillServer()
    const client = clientOf(server)
    const release = gate()
    const arrival = gate()
    const when = () => {
      arrival.open()
      return true
    }
    server.script({ on: 'batches.create', when, effect: { type: 'hold', stage, until: release.opened } })
    const creation = createBatch(client, 'file-1')
    await arrival.opened
    await server.fetch('http://fake.test/v1/batches', { headers: { authorization: 'Bearer test' } })
    expect(server.requests('batches.create').map(({ answer }) => answer)).toEqual(['pending'])
    expect(server.batches()).toHaveLength(stage === 'before' ? 0 : 1)
    release.open()
    expect(await creation).toMatchObject({ object: 'batch' })
    expect(server.batches()).toHaveLength(1)
  })
})

describe('other base URLs', () => {
  test.each(['/openai/v1', '/compatible-mode/v1', ''])('%s', async (path) => {
    const server = stillServer()
    const client = new OpenAI({
      apiKey: 'k',
      baseURL: `http://fake.test${path}`,
      fetch: server.fetch,
      maxRetries: 0,
    })
    expect(await submit(client, chatInput(1))).toMatchObject({ status: 'validating' })
  })

  test('a path the API does not have is 404 and no call', async () => {
    const server = stillServer()
    await expect(clientOf(server).models.list()).rejects.toMatchObject({ status: 404 })
    expect(server.requests()).toEqual([])
  })
})

/** Something to wait for that another part of the test lets happen. */
function gate() {
  const events = new EventTarget()
  const opened = new Promise<void>((resolve) => {
    events.addEventListener('open', () => resolve(), { once: true })
  })
  return { opened, open: () => events.dispatchEvent(new Event('open')) }
}

async function failureOf(promise: Promise<unknown>): Promise<APIError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof APIError) return error
  throw new Error('expected an API error', { cause: error })
}
