import Module, { createRequire } from 'node:module'
import { WebSocket } from 'ws'

const require = createRequire(import.meta.url)

export interface StateNode4 {
  readonly id: string
  readonly transitions: readonly { readonly target?: readonly StateNode4[]; readonly eventType: string }[]
}
export interface Machine4 extends StateNode4 {
  readonly stateIds: readonly string[]
  getStateNodeById(id: string): StateNode4
}
export interface Received {
  readonly type: string
  readonly sessionId: string
  readonly machine?: Machine4
  readonly state?: { readonly value: unknown; readonly context: unknown }
  readonly event?: { readonly name: string }
}
export interface Receiver {
  send(command: object): void
  subscribe(next: (event: Received) => void): { unsubscribe(): void }
}

/** XState 4 itself. */
export const xstate4 = require('xstate4') as { createMachine(config: unknown): Machine4 }

/** The viewer's end of @xstate/inspect, made for XState 4, which is what it then gets. */
export function openReceiver(port: number): Receiver {
  Object.assign(globalThis, { WebSocket })
  return browser.createWebSocketReceiver({ server: `127.0.0.1:${port}` })
}

const hook = '_resolveFilename'

const browser = requireOnXstate4('@xstate/inspect/lib/browser.js') as {
  createWebSocketReceiver(options: { readonly server: string }): Receiver
}

function requireOnXstate4(name: string): unknown {
  const loader = Module as unknown as { [hook]: (request: string, ...rest: unknown[]) => string }
  const resolve = loader[hook]
  loader[hook] = (request, ...rest) =>
    resolve.call(Module, request.replace(/^xstate(?=$|\/)/u, 'xstate4'), ...rest)
  try {
    return require(require.resolve('../../../node_modules/' + name))
  } finally {
    loader[hook] = resolve
  }
}
