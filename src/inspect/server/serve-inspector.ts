import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { WebSocket } from 'ws'
import { type Clock, systemClock } from '../../clock.js'
import { reconciliationError } from '../../errors.js'
import type { InspectionSource } from '../inspection-source.js'
import { createViewerDoor, type ViewerDoor } from './accept-viewers.js'
import { isAdmitted } from './admission.js'
import { answerRequest, type InspectorDocument } from './answer-request.js'
import { refuseUpgrade, respondEmpty } from './respond.js'
import { targetOf } from './target.js'

export interface InspectorServerOptions {
  /** Stays the caller's: closing the server does not close it. */
  readonly source: InspectionSource
  readonly document: InspectorDocument
  /** Gets each WebSocket opened at `/xstate-inspect`; without it there is no such path. */
  readonly connectViewer?: ((socket: WebSocket) => void) | undefined
  /** 0, unless given: any free one. */
  readonly port?: number | undefined
  /** 32 random bytes as base64url, unless given. Must not be empty. */
  readonly token?: string | undefined
  readonly clock?: Clock | undefined
}

export interface InspectorServer {
  /** The page's address with the token: whoever has it sees everything. */
  readonly url: string
  readonly token: string
  readonly port: number
  /** Ends every stream and socket, then resolves. The same promise each time. */
  close(): Promise<void>
}

/**
 * Serves the inspector on 127.0.0.1 only. Requests without the token, or of another host or origin, get a 403 without
 * content. Rejects with `WrongUsage` when it cannot listen on `port`.
 */
export async function serveInspector(options: InspectorServerOptions): Promise<InspectorServer> {
  const { source, document, clock = systemClock, token = randomBytes(32).toString('base64url') } = options
  if (token === '') throw new RangeError('The token of the inspector is empty.')
  const streams = new Set<ServerResponse>()
  const door = createViewerDoor(options.connectViewer)
  // Commands are small: whoever needs longer to send one is not the page.
  const server = createServer({ requestTimeout: 10_000 })
  const port = await listen(server, options.port ?? 0)

  server.on('request', (request, response) => {
    const target = targetOf(request.url ?? '')
    if (!isAdmitted(request, target.query, token, port)) return respondEmpty(response, 403)
    void answerRequest(request, response, target, { source, document, clock, streams })
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const target = targetOf(request.url ?? '')
    if (!isAdmitted(request, target.query, token, port)) return refuseUpgrade(socket, 403)
    door.accept(request, socket, head, target)
  })

  let closing: Promise<void> | undefined
  return {
    url: `http://127.0.0.1:${port}/?token=${encodeURIComponent(token)}`,
    token,
    port,
    close: () => (closing ??= closeAll(server, door, streams)),
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    throw reconciliationError(
      {
        code: 'WrongUsage',
        message: `The inspector cannot listen on port ${port} of 127.0.0.1.`,
        hint: 'Choose another port, or 0 for any free one.',
      },
      { cause: error },
    )
  }
  return (server.address() as AddressInfo).port
}

async function closeAll(server: Server, door: ViewerDoor, streams: Set<ServerResponse>): Promise<void> {
  const closed = once(server, 'close')
  for (const stream of streams) stream.end()
  door.close()
  server.close()
  server.closeAllConnections()
  await closed
}
