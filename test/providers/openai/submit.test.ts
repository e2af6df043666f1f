import { describe, expect, test } from 'vitest'
import { faults, type Fault } from '../../../src/testing/index.js'
import {
  chatInput,
  manualClock,
  noSignal,
  rejection,
  sendJson,
  submission,
  withFile,
  withHandler,
  withScene,
  type Scene,
} from './support.js'

const submitOne = ({ provider }: Scene, changes = {}, signal = noSignal) =>
  withFile(chatInput(3), (path) => provider.submit(submission(path, changes), signal))

const createCalls = ({ server }: Scene) => server.requests('batches.create').length

const failToKeep = () => Promise.reject(new Error('disk full'))

describe('a submission', () => {
  test('uploads the very bytes of the file under its own name and creates one batch with its metadata', () =>
    withScene({}, async (scene) => {
      const batch = await submitOne(scene)
      const [file] = scene.server.files()
      expect(file).toMatchObject({ filename: 'batch_input_7.jsonl', purpose: 'batch' })
      expect(Buffer.from(scene.server.fileBytes(file?.id ?? '') ?? []).toString()).toBe(chatInput(3))
      expect(scene.server.batches()).toHaveLength(1)
      expect(scene.server.batches()[0]).toMatchObject({
        id: batch.batchId,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
        metadata: { index: '7' },
        input_file_id: file?.id,
      })
    }))

  test('tells the file id, and waits for it to be kept, before it creates', () =>
    withScene({}, async (scene) => {
      const seen: string[] = []
      const onUploaded = async (id: string) => void seen.push(`${id} after ${createCalls(scene)} creations`)
      await submitOne(scene, { onUploaded })
      expect(seen).toEqual([`${scene.server.files()[0]?.id} after 0 creations`])
    }))

  test('creates nothing when the file id could not be kept', () =>
    withScene({}, async (scene) => {
      await expect(submitOne(scene, { onUploaded: failToKeep })).rejects.toThrow('disk full')
      expect(createCalls(scene)).toBe(0)
    }))

  test('does not upload again what an earlier try uploaded', () =>
    withScene({}, async (scene) => {
      const first = await submitOne(scene)
      await submitOne(scene, {
        inputFileId: first.inputFileId,
        onUploaded: () => Promise.reject(new Error('again')),
      })
      expect(scene.server.requests('files.create')).toHaveLength(1)
      expect(scene.server.batches().map((batch) => batch.input_file_id)).toEqual([
        first.inputFileId,
        first.inputFileId,
      ])
    }))

  test.each([
    ['the first of the server', {}, '48h'],
    ['the one the user chose', { options: { completionWindow: '72h' } }, '72h'],
  ])('asks for a window: %s', (_name, settings, window) =>
    withHandler(
      (request, response) =>
        sendJson(
          response,
          request.url === '/v1/files'
            ? { id: 'file-1' }
            : { id: 'b', status: 'validating', input_file_id: 'file-1' },
        ),
      async ({ provider, bodies }) => {
        await withFile(chatInput(1), (path) => provider.submit(submission(path, { metadata: {} }), noSignal))
        expect(JSON.parse(bodies[1] ?? '')).toEqual({
          input_file_id: 'file-1',
          endpoint: '/v1/chat/completions',
          completion_window: window,
        })
      },
      { quirks: { completionWindows: ['48h', '72h'] }, ...settings },
    ),
  )

  test('names another endpoint at the creation where the server wants one', () =>
    withScene(
      { settings: { quirks: { createEndpoints: { '/v1/responses': '/v1/chat/completions' } } } },
      async (scene) => {
        const batch = await submitOne(scene, { endpoint: '/v1/responses' })
        expect(batch.endpoint).toBe('/v1/chat/completions')
      },
    ))

  test('a file that is not there is named, and nothing is sent', () =>
    withScene({}, async ({ provider, server }) => {
      const error = await rejection(provider.submit(submission('/nowhere/batch_input_7.jsonl'), noSignal))
      expect(error.code).toBe('FileSystemError')
      expect(error.message).toContain('/nowhere/batch_input_7.jsonl')
      expect(server.requests()).toEqual([])
    }))
})

describe('a creation that fails', () => {
  const ambiguous: [string, Fault, number][] = [
    ['the answer is lost', faults.createAnswerLost(), 1],
    ['the batch is stored and the answer is 500', faults.createStoredThen500(), 1],
    ['the server says 503 and made nothing', faults.serverError('batches.create', { status: 503 }), 0],
    ['the connection is reset before anything', faults.connectionReset('batches.create'), 0],
    ['a proxy answers 200 with a page', faults.htmlPage('batches.create'), 0],
    ['the server says 408', faults.serverError('batches.create', { status: 408 }), 0],
    ['the server says 409', faults.serverError('batches.create', { status: 409 }), 0],
    [
      'the answer is cut in the middle of its JSON',
      { on: 'batches.create', effect: { type: 'body', ending: 'clean-end' } },
      1,
    ],
  ]

  test.each(ambiguous)('is ambiguous when %s, and is tried once only', (_name, fault, batches) =>
    withScene({ faults: [fault] }, async (scene) => {
      const { problem } = await rejection(submitOne(scene))
      expect(problem).toMatchObject({ code: 'SubmissionAmbiguous', isPassing: true })
      expect(problem.facts).toMatchObject({ inputFileId: scene.server.files()[0]?.id })
      expect(createCalls(scene)).toBe(1)
      expect(scene.server.batches()).toHaveLength(batches)
    }),
  )

  test.each<[string, object]>([
    ['names another upload', { id: 'batch_1', status: 'validating', input_file_id: 'file-other' }],
    ['names no upload', { id: 'batch_1', status: 'validating' }],
    ['names an empty upload', { id: 'batch_1', status: 'validating', input_file_id: '' }],
    ['names our upload as a number', { id: 'batch_1', status: 'validating', input_file_id: 1 }],
    [
      'is a list',
      { object: 'list', data: [{ id: 'batch_1', status: 'validating', input_file_id: 'file-1' }] },
    ],
    ['is the upload', { id: 'file-1', object: 'file', status: 'processed', input_file_id: 'file-1' }],
    ['has no status', { id: 'batch_1', input_file_id: 'file-1' }],
    ['has a status that is no text', { id: 'batch_1', status: 7, input_file_id: 'file-1' }],
    ['has no id', { status: 'validating', input_file_id: 'file-1' }],
    ['wraps it in `job`', { job: { id: 'batch_1', status: 'validating', input_file_id: 'file-1' } }],
  ])('is ambiguous when the answer %s', (_name, answer) =>
    withHandler(
      (request, response) => sendJson(response, request.url === '/v1/files' ? { id: 'file-1' } : answer),
      async ({ provider, calls }) => {
        const { problem } = await withFile(chatInput(1), (path) =>
          rejection(provider.submit(submission(path), noSignal)),
        )
        expect(problem).toMatchObject({ code: 'SubmissionAmbiguous', isPassing: true })
        expect(problem.message).toContain('file-1')
        expect(calls).toEqual(['POST /v1/files', 'POST /v1/batches'])
      },
    ),
  )

  test.each(['running', 'queued', 'Validating', 'nonsense'])(
    'counts with our upload and the status %s, known or not',
    (status) =>
      withHandler(
        (request, response) =>
          sendJson(
            response,
            request.url === '/v1/files'
              ? { id: 'file-1' }
              : { id: 'batch_1', status, input_file_id: 'file-1' },
          ),
        async ({ provider }) => {
          const made = await withFile(chatInput(1), (path) => provider.submit(submission(path), noSignal))
          expect(made).toMatchObject({ batchId: 'batch_1', status: status.toLowerCase() })
        },
      ),
  )

  test('is ambiguous when no answer comes in time', async () => {
    const clock = manualClock()
    await withScene({ faults: [faults.createNeverAnswered()], settings: { clock } }, async (scene) => {
      const failed = rejection(
        submitOne(scene, {
          onUploaded: async () => void clock.whenSet(120_000).then(() => clock.advance(120_000)),
        }),
      )
      const error = await failed
      expect(error.code).toBe('SubmissionAmbiguous')
      expect(error.message).toContain('within 120 s')
      expect(clock.pendingCount()).toBe(0)
    })
  })

  test('is given up by the time that counts from before what was made sure of right before it', () => {
    const clock = manualClock()
    const onCreating = async () => {
      clock.advance(29_999.6)
      return 45_000
    }
    return withScene({ faults: [faults.createNeverAnswered()], settings: { clock } }, async (scene) => {
      void clock.whenSet(15_000).then(() => clock.advance(15_000))
      const error = await rejection(submitOne(scene, { onCreating }))
      expect(error.code).toBe('SubmissionAmbiguous')
      expect(error.message).toContain('within 15 s')
    })
  })

  test('is not begun when that time is over: a process may be paused in between', () => {
    const clock = manualClock()
    const onCreating = async () => {
      clock.advance(45_000)
      return 45_000
    }
    return withScene({ settings: { clock } }, async (scene) => {
      const error = await rejection(submitOne(scene, { onCreating }))
      expect(error).toMatchObject({
        code: 'NetworkError',
        problem: { isPassing: true },
        facts: { isSent: false },
      })
      expect(createCalls(scene)).toBe(0)
      await submitOne(scene)
      expect(scene.server.batches()).toHaveLength(1)
    })
  })

  const refusals: [number, string | null, string][] = [
    [400, 'invalid_value', 'RequestRefused'],
    [401, 'invalid_api_key', 'AccessDenied'],
    [403, null, 'AccessDenied'],
    [404, null, 'RequestRefused'],
    [413, null, 'RequestRefused'],
    [422, null, 'RequestRefused'],
    [429, 'rate_limit_exceeded', 'RateLimited'],
    [429, 'insufficient_quota', 'QuotaExhausted'],
  ]

  test.each(refusals)('is a refusal at %i %s, which needs no search', (status, code, problemCode) => {
    const effect = { type: 'answer', status, body: { error: { message: 'no', code } } } as const
    return withScene({ faults: [{ on: 'batches.create', effect, times: Infinity }] }, async (scene) => {
      const error = await rejection(submitOne(scene))
      expect(error.code).toBe(problemCode)
      expect(createCalls(scene)).toBe(1)
    })
  })

  test('is not repeated before the server allows it, and then goes through', () => {
    const clock = manualClock()
    const fault = faults.rateLimited('batches.create', { retryAfterSeconds: 1_800 })
    return withScene({ faults: [fault], settings: { clock } }, async (scene) => {
      expect((await rejection(submitOne(scene))).problem.retryAfterMs).toBe(1_800_000)
      const spared = await rejection(submitOne(scene))
      expect(spared.code).toBe('RateLimited')
      expect(createCalls(scene)).toBe(1)
      clock.advance(1_800_000)
      await submitOne(scene)
      expect(scene.server.batches()).toHaveLength(1)
    })
  })

  test('may have made a batch when it was interrupted, and says so', () =>
    withScene({ faults: [faults.createNeverAnswered()] }, async (scene) => {
      const controller = new AbortController()
      const failed = rejection(submitOne(scene, {}, controller.signal))
      await expect.poll(() => scene.server.batches().length, { interval: 1 }).toBe(1)
      controller.abort()
      const error = await failed
      expect(error.code).toBe('Interrupted')
      expect(error.facts).toMatchObject({ isAmbiguous: true, inputFileId: scene.server.files()[0]?.id })
    }))

  test('has made no batch when it was interrupted before', () =>
    withScene({}, async (scene) => {
      const controller = new AbortController()
      const error = await rejection(
        submitOne(scene, { onUploaded: async () => controller.abort() }, controller.signal),
      )
      expect(error.code).toBe('Interrupted')
      expect(error.facts['isAmbiguous']).toBeUndefined()
      expect(createCalls(scene)).toBe(0)
    }))
})

describe('the time of an upload', () => {
  const atMs = Date.UTC(2026, 0, 2, 3, 4, 5)

  test.each<[string, unknown, number | null, number | null]>([
    ['in seconds', atMs / 1000, atMs, atMs],
    ['in milliseconds', atMs, atMs, atMs],
    ['as text', '2026-01-02T03:04:05Z', atMs, atMs],
    ['a little before the answer', atMs / 1000, atMs + 60_000, atMs],
    ['in another time zone than the answer', atMs / 1000 + 8 * 3600, atMs, null],
    ['long before the answer', 1, atMs, null],
    ['0', 0, atMs, null],
    ['missing', undefined, atMs, null],
    ['told by an answer without a date', atMs / 1000, null, null],
  ])('%s', (_name, createdAt, dateMs, expected) =>
    withHandler(
      (request, response) => {
        response.sendDate = false
        const date: Record<string, string> = dateMs === null ? {} : { date: new Date(dateMs).toUTCString() }
        if (request.url === '/v1/files')
          sendJson(response, { id: 'file-1', created_at: createdAt }, 200, date)
        else sendJson(response, { id: 'batch_1', status: 'validating', input_file_id: 'file-1' })
      },
      async ({ provider }) => {
        const times: unknown[] = []
        const onUploaded = async (_id: string, uploadedAtMs: number | null) => void times.push(uploadedAtMs)
        await withFile(chatInput(1), (path) => provider.submit(submission(path, { onUploaded }), noSignal))
        expect(times).toEqual([expected])
      },
    ),
  )
})

describe('an upload that fails', () => {
  test.each([
    ['nginx', '<html><title>413 Request Entity Too Large</title></html>'],
    ['Cloudflare', '<!DOCTYPE html><title>413 Payload Too Large</title>'],
  ])('at the limit of %s says what to do', (_name, page) =>
    withHandler(
      (_request, response) => response.writeHead(413, { 'content-type': 'text/html' }).end(page),
      async ({ provider, calls }) => {
        const { problem } = await withFile(chatInput(2), (path) =>
          rejection(provider.submit(submission(path), noSignal)),
        )
        expect(problem).toMatchObject({ code: 'RequestRefused', needsPerson: true })
        expect(problem.message).toMatch(/answered files\.create with 413/)
        expect(problem.hint).toMatch(/client_max_body_size/)
        expect(problem.hint).toMatch(/several smaller files/)
        expect(calls).toHaveLength(1)
      },
    ),
  )

  test.each<[string, Fault]>([
    ['its answer is lost', { on: 'files.create', effect: { type: 'reset', isExecuted: true } }],
    ['the server says 500', faults.serverError('files.create')],
    ['a proxy answers 200 with a page', faults.htmlPage('files.create')],
  ])('may be repeated when %s', (_name, fault) =>
    withScene({ faults: [fault] }, async (scene) => {
      const { problem } = await rejection(submitOne(scene))
      expect(problem).toMatchObject({ code: 'NetworkError', isPassing: true })
      expect(createCalls(scene)).toBe(0)
      await submitOne(scene)
      expect(scene.server.batches()).toHaveLength(1)
    }),
  )

  test('is noticed when the server kept fewer bytes than were sent', () =>
    withHandler(
      (_request, response) => sendJson(response, { id: 'file-1', object: 'file', bytes: 10 }),
      async ({ provider, calls }) => {
        const error = await withFile(chatInput(2), (path) =>
          rejection(provider.submit(submission(path), noSignal)),
        )
        expect(error.problem).toMatchObject({ code: 'NetworkError', isPassing: true })
        expect(error.message).toContain('10 bytes')
        expect(calls).toEqual(['POST /v1/files'])
      },
    ))

  test('is not suspected when the server tells no size', () =>
    withHandler(
      (request, response) =>
        sendJson(
          response,
          request.url === '/v1/files'
            ? { id: 'file-1', bytes: 0 }
            : { id: 'b', status: 'validating', input_file_id: 'file-1' },
        ),
      async ({ provider }) => {
        const batch = await withFile(chatInput(2), (path) => provider.submit(submission(path), noSignal))
        expect(batch.batchId).toBe('b')
      },
    ))
})
