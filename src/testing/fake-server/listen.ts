import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { answerCall } from './answer-call.js'
import { refusalReply } from './refusal.js'
import { renderToSocket } from './render-to-socket.js'
import type { ServerState } from './state.js'

/** A fake server on a real port. */
export interface ListeningServer {
  /** For the client's `baseURL`, such as `http://127.0.0.1:40123/v1`. */
  readonly baseURL: string
  readonly port: number
  /** Breaks off open connections and stops listening. */
  readonly close: () => Promise<void>
}

/** Listens on 127.0.0.1 only. Port 0 takes a free one. */
export async function listenOnLoopback(state: ServerState, port: number): Promise<ListeningServer> {
  const server = createServer((request, response) => void serve(state, request, response))
  // Node's own time limits would break off the stalls and silences that are scripted.
  server.requestTimeout = 0
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address() as AddressInfo
  return {
    baseURL: `http://127.0.0.1:${address.port}/v1`,
    port: address.port,
    close: () => closeServer(server),
  }
}

async function serve(state: ServerState, message: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    renderToSocket(await answerCall(state, requestOf(message)), response)
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    renderToSocket(
      refusalReply({ status: 500, message: `The fake server failed: ${detail}`, type: 'server_error' }),
      response,
    )
  }
}

function requestOf(message: IncomingMessage): Request {
  const { method = 'GET', url = '/' } = message
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(new URL(url, `http://${message.headers.host ?? '127.0.0.1'}`), {
    method,
    headers: headersOf(message),
    ...(hasBody ? { body: Readable.toWeb(message) as ReadableStream, duplex: 'half' } : {}),
  })
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  return headers
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)))
  })
  server.closeAllConnections()
  await closed
}
