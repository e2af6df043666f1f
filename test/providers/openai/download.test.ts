import { createGzip, gzipSync } from 'node:zlib'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { openAiBatchProvider } from '../../../src/providers/openai/provider.js'
import { faults, type BodyEnding, type Fault } from '../../../src/testing/index.js'
import {
  collector,
  finishedBatch,
  manualClock,
  noSignal,
  rejection,
  sendJson,
  withHandler,
  withScene,
} from './support.js'

const row = (index: number) =>
  `${JSON.stringify({ id: `batch_req_${index}`, custom_id: `request-${index}`, response: { status_code: 200, body: {} }, error: null })}\n`
const rows = (count: number) => Array.from({ length: count }, (_, index) => row(index)).join('')

/** A server with one file, whose record tells `bytes`. */
const serving =
  (bytes: number | null, send: Parameters<typeof withHandler>[0]): Parameters<typeof withHandler>[0] =>
  (request, response, call) => {
    if ((request.url ?? '').endsWith('/content')) send(request, response, call)
    else sendJson(response, { id: 'file-1', object: 'file', ...(bytes === null ? {} : { bytes }) })
  }

/** Three rows are announced and two are sent. */
const sendShort = async (url: unknown) =>
  String(url).endsWith('/content')
    ? new Response(rows(2), { headers: { 'content-length': String(rows(3).length) } })
    : Response.json({ id: 'file-1', object: 'file' })

const failToWrite = () => Promise.reject(new Error('disk full'))

describe('a download', () => {
  test('gives every byte, in order, and their number', () =>
    withScene({}, async (scene) => {
      const { outputFileId } = await finishedBatch(scene, 300)
      const sink = collector()
      const receipt = await scene.provider.download(outputFileId, sink.write, noSignal)
      const truth = Buffer.from(scene.server.fileBytes(outputFileId) ?? [])
      expect(sink.text()).toBe(truth.toString())
      expect(receipt).toEqual({ bytes: truth.length })
    }))

  test('asks for no compression', () =>
    withScene({}, async (scene) => {
      const { outputFileId } = await finishedBatch(scene)
      await scene.provider.download(outputFileId, collector().write, noSignal)
      expect(scene.server.requests('files.content')[0]?.headers['accept-encoding']).toBe('identity')
    }))

  const endings: BodyEnding[] = ['cut', 'cut-chunked', 'reset', 'clean-end', 'close', 'short']

  test.each(endings)('that ends early (%s) is never taken for the whole file', (ending) =>
    withScene({ faults: [faults.downloadCut(ending, { atLineEnd: true, share: 0.7 })] }, async (scene) => {
      const { outputFileId } = await finishedBatch(scene, 300)
      const first = collector()
      const { problem } = await rejection(scene.provider.download(outputFileId, first.write, noSignal))
      expect(problem).toMatchObject({ code: 'NetworkError', isPassing: true })
      expect(scene.server.requests('files.content')).toHaveLength(1)
      const second = collector()
      await scene.provider.download(outputFileId, second.write, noSignal)
      expect(second.bytes()).toBe(scene.server.fileBytes(outputFileId)?.length)
    }),
  )

  test('cannot be cut inside a compressed body, because none is asked for', () =>
    withScene({ faults: [faults.downloadCut('cut-gzip', { times: Infinity })] }, async (scene) => {
      const { outputFileId } = await finishedBatch(scene, 300)
      const { bytes } = await scene.provider.download(outputFileId, collector().write, noSignal)
      expect(bytes).toBe(scene.server.fileBytes(outputFileId)?.length)
    }))

  test('that ends before its first byte is not an empty file', () =>
    withScene({ faults: [faults.downloadCut('clean-end', { share: 0 })] }, async (scene) => {
      const { outputFileId } = await finishedBatch(scene)
      const error = await rejection(scene.provider.download(outputFileId, collector().write, noSignal))
      expect(error.message).toContain('0 bytes')
    }))

  test('that was compressed all the same and cut is noticed by the size in the record', () => {
    const text = rows(2_000)
    const handler = serving(text.length, (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      const gzip = createGzip()
      const pieces: Buffer[] = []
      gzip.on('data', (piece: Buffer) => pieces.push(piece))
      gzip.on('end', () => {
        const whole = Buffer.concat(pieces)
        response.end(whole.subarray(0, Math.floor(whole.length * 0.6)))
      })
      gzip.end(text)
    })
    return withHandler(handler, async ({ provider }) => {
      const error = await rejection(provider.download('file-1', collector().write, noSignal))
      expect(error.problem).toMatchObject({ code: 'NetworkError', isPassing: true })
    })
  })

  test("is compared with Content-Length where a user's own fetch does not", async () => {
    const client = new OpenAI({ apiKey: 'test', baseURL: 'http://fake.test/v1', fetch: sendShort })
    const provider = openAiBatchProvider({ client })
    const error = await rejection(provider.download('file-1', collector().write, noSignal))
    expect(error.message).toContain('Content-Length says')
    expect(error.problem.isPassing).toBe(true)
  })

  test('that stalls is given up after a minute without a byte', async () => {
    const clock = manualClock()
    const fault = faults.downloadCut('stall')
    await withScene({ faults: [fault], settings: { clock } }, async (scene) => {
      const { outputFileId } = await finishedBatch(scene, 300)
      const stalls = async () => void clock.whenSet(60_000).then(() => clock.advance(60_000))
      const error = await rejection(scene.provider.download(outputFileId, stalls, noSignal))
      expect(error.message).toContain('sent nothing for 60 s')
      expect(error.problem.isPassing).toBe(true)
      expect(clock.pendingCount()).toBe(0)
    })
  })

  test('is stopped at once when it is interrupted in the middle of a stall', () =>
    withScene({ faults: [faults.downloadCut('stall')] }, async (scene) => {
      const { outputFileId } = await finishedBatch(scene, 300)
      const controller = new AbortController()
      const abort = async () => controller.abort()
      const error = await rejection(scene.provider.download(outputFileId, abort, controller.signal))
      expect(error.code).toBe('Interrupted')
    }))

  test('does not count the time that writing takes as a stall', async () => {
    const clock = manualClock()
    await withScene({ settings: { clock } }, async (scene) => {
      const { outputFileId } = await finishedBatch(scene, 300)
      const sink = collector()
      const slowly = async (bytes: Uint8Array) => {
        clock.advance(3_600_000)
        await sink.write(bytes)
      }
      await scene.provider.download(outputFileId, slowly, noSignal)
      expect(sink.bytes()).toBe(scene.server.fileBytes(outputFileId)?.length)
    })
  })

  test('fails with the error of whoever writes', () =>
    withScene({}, async (scene) => {
      const { outputFileId } = await finishedBatch(scene)
      await expect(scene.provider.download(outputFileId, failToWrite, noSignal)).rejects.toThrow('disk full')
    }))

  test.each<[string, Fault]>([
    ['deleted', faults.fileGone({ times: Infinity })],
    [
      'gone with its record still there',
      { on: 'files.content', effect: { type: 'answer', status: 404, body: {} } },
    ],
    ['reported as gone (410)', { on: 'files.content', effect: { type: 'answer', status: 410, body: {} } }],
  ])('of a file that is %s needs a person', (_name, fault) =>
    withScene({ faults: [fault] }, async (scene) => {
      const { outputFileId } = await finishedBatch(scene)
      const { problem } = await rejection(scene.provider.download(outputFileId, collector().write, noSignal))
      expect(problem).toMatchObject({ code: 'BatchFilesGone', needsPerson: true })
    }),
  )

  test('of an empty id is never sent', () =>
    withScene({}, async ({ provider, server }) => {
      expect((await rejection(provider.download('', collector().write, noSignal))).code).toBe(
        'BatchFilesGone',
      )
      expect(server.requests()).toEqual([])
    }))

  test.each<[string, Fault]>([
    ['502', faults.serverError('files.content', { status: 502 })],
    ['429', faults.rateLimited('files.content')],
    ['a reset', faults.connectionReset('files.content')],
  ])('that meets %s may be tried again', (_name, fault) =>
    withScene({ faults: [fault] }, async (scene) => {
      const { outputFileId } = await finishedBatch(scene)
      const error = await rejection(scene.provider.download(outputFileId, collector().write, noSignal))
      expect(error.problem.isPassing).toBe(true)
      expect(scene.server.requests('files.content').length).toBeLessThan(2)
    }),
  )

  test('goes by the content where the key may not read the record', () =>
    withScene({ faults: [faults.serverError('files.retrieve', { status: 403 })] }, async (scene) => {
      const { outputFileId } = await finishedBatch(scene)
      await expect(scene.provider.download(outputFileId, collector().write, noSignal)).resolves.toMatchObject(
        {},
      )
    }))
})

describe('what is no result file', () => {
  const foreign: [string, string, string][] = [
    [
      'an error object',
      'application/json',
      JSON.stringify({ error: { message: 'not yet', code: 'server_error' } }),
    ],
    [
      'an error object over several lines',
      'application/json',
      JSON.stringify({ error: { message: 'no' } }, null, 2),
    ],
    ['the error of FastAPI', 'application/json', JSON.stringify({ detail: 'Internal error' })],
    ['a page of HTML', 'text/html', '\n<!DOCTYPE html><title>Just a moment…</title>'],
  ]

  test.each(foreign)('%s with status 200 is refused, and no byte of it is written', (_name, type, body) =>
    withHandler(
      serving(null, (_request, response) => response.writeHead(200, { 'content-type': type }).end(body)),
      async ({ provider }) => {
        const sink = collector()
        const { problem } = await rejection(provider.download('file-1', sink.write, noSignal))
        expect(problem).toMatchObject({ code: 'NetworkError', isPassing: true })
        expect(sink.bytes()).toBe(0)
      },
    ),
  )

  test.each([
    [
      'one row with an error',
      `${JSON.stringify({ id: 'r', custom_id: 'a', response: null, error: { code: 'batch_expired' } })}\n`,
    ],
    ['one successful row', row(1)],
    ['a row without a final newline', row(1).trimEnd()],
  ])('%s is a result file', (_name, body) =>
    withHandler(
      serving(body.length, (_request, response) => response.end(body)),
      async ({ provider }) => {
        const sink = collector()
        await provider.download('file-1', sink.write, noSignal)
        expect(sink.text()).toBe(body)
      },
    ),
  )

  test('a file that is still being written is left alone', () =>
    withHandler(
      serving(null, (_request, response) => response.writeHead(200, { 'x-incomplete': 'true' }).end(rows(3))),
      async ({ provider }) => {
        const sink = collector()
        const { problem } = await rejection(provider.download('file-1', sink.write, noSignal))
        expect(problem.isPassing).toBe(true)
        expect(problem.message).toContain('x-incomplete')
        expect(sink.bytes()).toBe(0)
      },
    ))

  test.each([
    ['204', 204, null],
    ['204', 204, 0],
    ['an empty body', 200, null],
    ['an empty body', 200, 0],
  ])('%s (%i) is an empty file where the record says %j bytes', (_name, status, bytes) =>
    withHandler(
      serving(bytes, (_request, response) => response.writeHead(status).end()),
      async ({ provider }) => {
        expect(await provider.download('file-1', collector().write, noSignal)).toEqual({ bytes: 0 })
      },
    ),
  )

  test.each([204, 200])('no body with status %i is not a file of twelve bytes', (status) =>
    withHandler(
      serving(12, (_request, response) => response.writeHead(status).end()),
      async ({ provider }) => {
        const error = await rejection(provider.download('file-1', collector().write, noSignal))
        expect(error.message).toContain('0 bytes')
      },
    ),
  )

  test('a longer body than announced is not the file either', () =>
    withHandler(
      serving(10, (_request, response) => response.end(rows(3))),
      async ({ provider }) => {
        expect(
          (await rejection(provider.download('file-1', collector().write, noSignal))).problem.isPassing,
        ).toBe(true)
      },
    ))

  test('a server whose sizes mean nothing can be told apart by a quirk', () =>
    withHandler(
      serving(10, (_request, response) => response.end(rows(3))),
      async ({ provider, calls }) => {
        expect(await provider.download('file-1', collector().write, noSignal)).toEqual({
          bytes: rows(3).length,
        })
        expect(calls).toEqual(['GET /v1/files/file-1/content'])
      },
      { quirks: { reportsFileBytes: false } },
    ))
})

const failing =
  (status: number, send: Parameters<typeof withHandler>[0]): Parameters<typeof withHandler>[0] =>
  (request, response, call) => {
    if ((request.url ?? '').endsWith('/content')) send(request, response, call)
    else if (status === 0) request.socket.destroy()
    else sendJson(response, { error: { message: 'no' } }, status)
  }
const withLength: Parameters<typeof withHandler>[0] = (_request, response) =>
  response.writeHead(200, { 'content-length': rows(3).length }).end(rows(3))
const chunked: Parameters<typeof withHandler>[0] = (_request, response) => {
  response.write(rows(2))
  response.end(row(2))
}

describe('the record of a file', () => {
  test.each([500, 502, 503, 429, 408, 401, 418, 0])(
    'may fail with %i where the content says how long it is',
    (status) =>
      withHandler(failing(status, withLength), async ({ provider }) => {
        const sink = collector()
        expect(await provider.download('file-1', sink.write, noSignal)).toEqual({ bytes: rows(3).length })
        expect(sink.text()).toBe(rows(3))
      }),
  )

  test.each([500, 503, 429, 408, 0])(
    'may not fail with %i where the content does not: nothing is written, and it is tried again',
    (status) =>
      withHandler(failing(status, chunked), async ({ provider }) => {
        const sink = collector()
        const { problem } = await rejection(provider.download('file-1', sink.write, noSignal))
        expect(problem.isPassing).toBe(true)
        expect(sink.bytes()).toBe(0)
      }),
  )

  test.each([403, 404, 405])('that is not kept at all (%i) is missed by nobody', (status) =>
    withHandler(failing(status, chunked), async ({ provider }) => {
      expect(await provider.download('file-1', collector().write, noSignal)).toEqual({
        bytes: rows(3).length,
      })
    }),
  )

  test('that fails does not hide that the content is cut', () =>
    withHandler(
      failing(500, (_request, response) => {
        response.writeHead(200, { 'content-length': rows(3).length })
        response.write(rows(2), () => response.destroy())
      }),
      async ({ provider }) => {
        const { problem } = await rejection(provider.download('file-1', collector().write, noSignal))
        expect(problem).toMatchObject({ code: 'NetworkError', isPassing: true })
      },
    ))

  test('that counts compressed bytes is no length of the content', () =>
    withHandler(
      failing(500, (_request, response) => {
        const whole = gzipSync(rows(3))
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': whole.length }).end(whole)
      }),
      async ({ provider }) => {
        expect(
          (await rejection(provider.download('file-1', collector().write, noSignal))).problem.isPassing,
        ).toBe(true)
      },
    ))
})
