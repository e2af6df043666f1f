import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { InspectorServer } from '../../../src/inspect/server/serve-inspector.js'
import { ask, document, serve } from './scene.js'

describe('a request is admitted', () => {
  test('with the token in the address the server gave', async () => {
    const server = await serve()
    const { pathname, search, host } = new URL(server.url)
    expect(host).toBe(`127.0.0.1:${server.port}`)
    expect(await ask(server, pathname + search, { headers: {} })).toMatchObject({
      status: 200,
      text: document.html,
    })
  })

  test.each(['127.0.0.1', 'localhost', '[::1]'])(
    'with the token as a header, when it names %s',
    async (name) => {
      const server = await serve()
      const host = `${name}:${server.port}`
      const headers = { Authorization: `Bearer ${server.token}`, Host: host, Origin: `http://${host}` }
      expect((await ask(server, '/', { headers })).status).toBe(200)
    },
  )

  test('with a given token of any characters', async () => {
    const server = await serve({ token: 'a&b=c ?#' })
    const { pathname, search } = new URL(server.url)
    expect((await ask(server, pathname + search, { headers: {} })).status).toBe(200)
  })
})

describe('a request gets 403 without content', () => {
  const routes = ['/', '/stream', '/triples/1', '/triples/1/replay', '/nowhere']
  const refusals: Readonly<Record<string, (server: InspectorServer) => Record<string, string>>> = {
    'a missing token': () => ({}),
    'a wrong token': ({ token }) => ({ Authorization: `Bearer ${token.slice(1)}x` }),
    'an empty token': () => ({ Authorization: 'Bearer ' }),
    'a foreign host': ({ token, port }) => ({
      Authorization: `Bearer ${token}`,
      Host: `evil.example:${port}`,
    }),
    'a host without the port': ({ token }) => ({ Authorization: `Bearer ${token}`, Host: 'localhost' }),
    'a foreign origin': ({ token }) => ({ Authorization: `Bearer ${token}`, Origin: 'http://evil.example' }),
    'an opaque origin': ({ token }) => ({ Authorization: `Bearer ${token}`, Origin: 'null' }),
    'the origin of another port': ({ token }) => ({
      Authorization: `Bearer ${token}`,
      Origin: 'http://localhost:1',
    }),
  }

  test.each(Object.keys(refusals))('for %s', async (name) => {
    const server = await serve()
    const headers = refusals[name]?.(server) ?? {}
    for (const path of routes) {
      const answer = await ask(server, path, { headers })
      expect(answer).toMatchObject({ status: 403, text: '' })
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
    }
  })

  test('for a wrong token in the query, even beside the right header', async () => {
    const server = await serve()
    expect((await ask(server, '/?token=wrong')).status).toBe(403)
  })
})

describe('a WebSocket', () => {
  test('with the token reaches the bridge and is ended by close()', async () => {
    const server = await serve({ connectViewer: (socket) => socket.send('hello') })
    const socket = new WebSocket(socketUrl(server))
    expect(
      await new Promise((resolve) => socket.once('message', (data: Buffer) => resolve(String(data)))),
    ).toBe('hello')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await server.close()
    await closed
  })

  test('from a foreign origin is refused', async () => {
    const server = await serve({ connectViewer: unreachable })
    expect(await statusOf(socketUrl(server), { origin: 'http://evil.example' })).toBe(403)
  })

  test('for a foreign host is refused', async () => {
    const server = await serve({ connectViewer: unreachable })
    expect(await statusOf(socketUrl(server), { headers: { Host: 'evil.example' } })).toBe(403)
  })

  test('without the token is refused', async () => {
    const server = await serve({ connectViewer: unreachable })
    expect(await statusOf(`ws://127.0.0.1:${server.port}/xstate-inspect`)).toBe(403)
  })

  test('is not found without a bridge, and at another path', async () => {
    expect(await statusOf(socketUrl(await serve()))).toBe(404)
    const server = await serve({ connectViewer: unreachable })
    expect(await statusOf(socketUrl(server).replace('xstate-inspect', 'stream'))).toBe(404)
  })

  test('that sends more than 64 kB is closed and the server goes on', async () => {
    const server = await serve({ connectViewer: () => {} })
    const socket = new WebSocket(socketUrl(server))
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.once('open', () => socket.send('x'.repeat(64_001)))
    await closed
    expect((await ask(server, '/')).status).toBe(200)
  })

  test('is closed when the bridge throws', async () => {
    const server = await serve({ connectViewer: unreachable })
    const socket = new WebSocket(socketUrl(server))
    expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(1011)
  })

  test('is refused beyond the 32nd', async () => {
    const server = await serve({ connectViewer: () => {} })
    const sockets = Array.from({ length: 32 }, () => new WebSocket(socketUrl(server)))
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('open', resolve))))
    expect(await statusOf(socketUrl(server))).toBe(503)
  })
})

const socketUrl = ({ port, token }: InspectorServer) => `ws://127.0.0.1:${port}/xstate-inspect?token=${token}`

/** The status a WebSocket was refused with. */
function statusOf(url: string, options: object = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options)
    socket.once('unexpected-response', (_, response) => resolve(response.statusCode))
    socket.once('open', () => reject(new Error('The socket was opened.')))
    socket.on('error', reject)
  })
}

function unreachable(): never {
  throw new Error('The bridge must not be reached.')
}
