import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { refuseUpgrade } from './respond.js'
import type { RequestTarget } from './target.js'

/** The WebSocket side of the server: viewers that speak the protocol of `@xstate/inspect`. */
export interface ViewerDoor {
  /** Takes an admitted request to upgrade, or refuses it: 404 for other paths and without a bridge, 503 when full. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, target: RequestTarget): void
  close(): void
}

/** `connectViewer` gets each open socket; one it throws for is closed. Messages to us have at most 64 kB. */
export function createViewerDoor(connectViewer: ((socket: WebSocket) => void) | undefined): ViewerDoor {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 64_000 })
  return {
    accept: (request, socket, head, { path }) => {
      const isOurs = path?.length === 1 && path[0] === 'xstate-inspect'
      if (!isOurs || connectViewer === undefined) return refuseUpgrade(socket, 404)
      if (sockets.clients.size >= maxViewers) return refuseUpgrade(socket, 503)
      sockets.handleUpgrade(request, socket, head, (viewer) => connect(viewer, connectViewer))
    },
    close: () => {
      for (const viewer of sockets.clients) viewer.terminate()
      sockets.close()
    },
  }
}

const maxViewers = 32

function connect(viewer: WebSocket, connectViewer: (socket: WebSocket) => void): void {
  // An error without a listener would end the process; too long a message is one.
  viewer.on('error', () => viewer.terminate())
  try {
    connectViewer(viewer)
  } catch {
    viewer.close(1011)
  }
}
