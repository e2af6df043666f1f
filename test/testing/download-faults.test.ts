import type OpenAI from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import {
  faults,
  type BodyEnding,
  type FakeBatchServer,
  type ListeningServer,
} from '../../src/testing/index.js'
import { chatInput, clientAt, clientOf, stillServer, submit } from './client.js'

const open: ListeningServer[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((listening) => listening.close()))
})

const transports = [
  ['fetch', (server: FakeBatchServer) => Promise.resolve(clientOf(server, 2))],
  [
    'a socket',
    async (server: FakeBatchServer) => {
      const listening = await server.listen()
      open.push(listening)
      return clientAt(listening.baseURL, 2)
    },
  ],
] as const

describe.each(transports)('downloads over %s', (_name, connect) => {
  /** A finished batch of many rows and the id of its output file. */
  async function finished() {
    const server = stillServer()
    const client = await connect(server)
    await submit(client, chatInput(300))
    server.finishBatches()
    const fileId = server.batches()[0]?.output_file_id ?? ''
    return { server, client, fileId, whole: Buffer.from(server.fileBytes(fileId) ?? []) }
  }

  test('arrive whole, with their length', async () => {
    const { client, fileId, whole } = await finished()
    const response = await client.files.content(fileId)
    expect(Number(response.headers.get('content-length'))).toBe(whole.byteLength)
    expect(Buffer.from(await response.arrayBuffer()).equals(whole)).toBe(true)
  })

  test.each<BodyEnding>(['cut', 'cut-chunked', 'reset'])(
    'that end in `%s` fail, and are not retried',
    async (ending) => {
      const { server, client, fileId, whole } = await finished()
      server.script(faults.downloadCut(ending))
      const { bytes, error } = await received(client, fileId)
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ message: 'terminated' })
      expect(whole.subarray(0, bytes.byteLength).equals(bytes)).toBe(true)
      expect(bytes.byteLength).toBeLessThanOrEqual(Math.floor(whole.byteLength / 2))
      expect(server.requests('files.content')).toHaveLength(1)
      expect((await received(client, fileId)).bytes.equals(whole)).toBe(true)
    },
  )

  test.each<[BodyEnding, 'none' | 'of the part']>([
    ['clean-end', 'none'],
    ['close', 'none'],
    ['short', 'of the part'],
  ])('that end in `%s` are short and nobody says so', async (ending, length) => {
    const { server, client, fileId, whole } = await finished()
    server.script(faults.downloadCut(ending, { share: 0.25 }))
    const response = await client.files.content(fileId)
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(bytes.equals(whole.subarray(0, Math.floor(whole.byteLength / 4)))).toBe(true)
    expect(response.headers.get('content-length')).toBe(length === 'none' ? null : String(bytes.byteLength))
    expect((await client.files.retrieve(fileId)).bytes).toBe(whole.byteLength)
  })

  test('can be cut where a line ends, so that every line that came is good', async () => {
    const { server, client, fileId, whole } = await finished()
    server.script(faults.downloadCut('clean-end', { share: 0.5, atLineEnd: true }))
    const text = await (await client.files.content(fileId)).text()
    expect(text.endsWith('}\n')).toBe(true)
    expect(text.length).toBeGreaterThan(whole.byteLength / 2 - 1000)
    expect(text.length).toBeLessThanOrEqual(whole.byteLength / 2)
  })

  test('that lose the end of their gzip are short and nobody says so, unless the client asked for identity', async () => {
    const { server, client, fileId, whole } = await finished()
    server.script(faults.downloadCut('cut-gzip', { times: 2 }))
    const short = await received(client, fileId)
    expect(short.error).toBeNull()
    expect(short.bytes.byteLength).toBeGreaterThan(0)
    expect(short.bytes.byteLength).toBeLessThan(whole.byteLength)
    expect(whole.subarray(0, short.bytes.byteLength).equals(short.bytes)).toBe(true)
    const asked = await received(client, fileId, { headers: { 'accept-encoding': 'identity' } })
    expect(asked.bytes.equals(whole)).toBe(true)
  })

  test('that stall give what they have and then nothing, until they are aborted', async () => {
    const { server, client, fileId, whole } = await finished()
    server.script(faults.downloadCut('stall'))
    const abort = new AbortController()
    const response = await client.files.content(fileId, { signal: abort.signal })
    expect(Number(response.headers.get('content-length'))).toBe(whole.byteLength)
    let bytes = 0
    const reading = (async () => {
      for await (const piece of response.body ?? []) {
        bytes += (piece as Uint8Array).byteLength
        if (bytes === Math.floor(whole.byteLength / 2)) abort.abort()
      }
    })()
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    expect(bytes).toBe(Math.floor(whole.byteLength / 2))
  })

  test('that stall at the first byte still send their headers', async () => {
    const { server, client, fileId } = await finished()
    server.script(faults.downloadCut('stall', { share: 0 }))
    const response = await client.files.content(fileId)
    expect(response.status).toBe(200)
    await response.body?.cancel()
  })

  test('of files that are gone are 404', async () => {
    const { server, client, fileId } = await finished()
    server.script(faults.fileGone({ times: 2 }))
    await expect(client.files.content(fileId)).rejects.toMatchObject({ status: 404, param: 'id' })
    await expect(client.files.retrieve(fileId)).rejects.toMatchObject({ status: 404 })
  })

  test('of an error with status 200 look like a file', async () => {
    const { server, client, fileId } = await finished()
    server.script({
      on: 'files.content',
      effect: { type: 'answer', status: 200, body: { error: { message: 'no' } } },
    })
    const { bytes } = await received(client, fileId)
    expect(bytes.toString()).toBe('{"error":{"message":"no"}}')
  })
})

interface Received {
  readonly bytes: Buffer
  readonly error: unknown
}

/** Whatever arrived of a download, and how it ended. */
async function received(
  client: OpenAI,
  fileId: string,
  options: OpenAI.RequestOptions = {},
): Promise<Received> {
  const pieces: Uint8Array[] = []
  try {
    const response = await client.files.content(fileId, options)
    for await (const piece of response.body ?? []) pieces.push(piece as Uint8Array)
    return { bytes: Buffer.concat(pieces), error: null }
  } catch (error) {
    return { bytes: Buffer.concat(pieces), error }
  }
}
