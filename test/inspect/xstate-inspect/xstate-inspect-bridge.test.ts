import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { createActor, fromPromise } from 'xstate'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { tripleMachine, type TripleActor } from '../../../machines/index.js'
import { v4Machine } from '../../../src/inspect/xstate-inspect/v4-machine.js'
import {
  xstateInspectBridge,
  type XstateInspectBridge,
  type XstateInspectBridgeOptions,
} from '../../../src/inspect/xstate-inspect/xstate-inspect-bridge.js'
import { openReceiver, xstate4, type Received } from './xstate4-viewer.js'

const servers: WebSocketServer[] = []

afterEach(() => {
  vi.restoreAllMocks()
  for (const server of servers.splice(0)) {
    for (const client of server.clients) client.terminate()
    server.close()
  }
})

describe('a viewer of @xstate/inspect', () => {
  test('reads what an actor is, does and that it stopped', async () => {
    const { bridge, received, connect } = await served()
    const { seen } = await connect()
    const actor = startFailing(bridge, '00001')
    await until(() => stateOf(received, 'triple:00001') === 'failed')
    actor.stop()
    await until(() => received.some(({ type }) => type === 'service.stop'))
    expect(seen.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['service.register', 'service.event']),
    )
    expect(seen.map(({ event }) => event?.name)).toContain('error.platform.surveyTriple')
    const { context } = received.findLast(({ type }) => type === 'service.state')?.state ?? {}
    expect(Object.keys(context as object)).toEqual(toldKeys)
  })

  test('that joins late is told of every live actor and of no stopped one', async () => {
    const { bridge, received, connect } = await served()
    for (const index of ['00001', '00002', '00003']) startFailing(bridge, index)
    startFailing(bridge, '00004').stop()
    await connect()
    await until(() => received.filter(({ type }) => type === 'service.register').length === 3)
    expect(
      received.filter(({ type }) => type === 'service.register').map(({ sessionId }) => sessionId),
    ).toEqual(['triple:00001', 'triple:00002', 'triple:00003'])
  })

  test('sends a failed triple back to deciding, and is not stopped by garbage before', async () => {
    const { bridge, received, connect, port } = await served()
    const { receiver } = await connect()
    const actor = startFailing(bridge, '00001')
    await until(() => stateOf(received, 'triple:00001') === 'failed')
    const raw = new WebSocket(`ws://127.0.0.1:${port}`)
    await once(raw, 'open')
    for (const garbage of [
      '{',
      'null',
      '[]',
      '7',
      '{"type":"xstate.event"}',
      '{"type":"xstate.event","event":"{"}',
    ]) {
      raw.send(garbage)
    }
    const values: unknown[] = []
    actor.subscribe(({ value }) => values.push(value))
    receiver.send({
      type: 'xstate.event',
      service: 'triple:00001',
      event: '{"name":"triple.retry","data":{}}',
    })
    await until(() => values.some((value) => JSON.stringify(value) === '{"deciding":"surveying"}'))
    expect(raw.readyState).toBe(WebSocket.OPEN)
  })

  test('says only what a person may say to a triple', () => {
    const sent: unknown[] = []
    const { bridge, socket } = fakeViewer({ send: (_, event) => sent.push(event) })
    startFailing(bridge, '00001')
    const say = (type: string) =>
      socket.receive(
        JSON.stringify({ type: 'xstate.event', service: 'triple:00001', event: { type, output: 1 } }),
      )
    for (const type of ['xstate.stop', 'xstate.done.actor.surveyTriple', 'triple.submit', 'poll.due'])
      say(type)
    expect(sent).toEqual([{ type: 'triple.submit' }, { type: 'poll.due' }])
  })
})

describe('the machine told', () => {
  test('is read by XState 4 with all states, and every target is one of them', () => {
    const told = JSON.parse(JSON.stringify(v4Machine(tripleMachine))) as unknown
    vi.spyOn(console, 'warn').mockReturnValue()
    const machine = xstate4.createMachine(told)
    const nodes = machine.stateIds.map((id) => machine.getStateNodeById(id))
    const targets = nodes.flatMap(({ transitions }) => transitions.flatMap(({ target }) => target ?? []))
    expect(machine.stateIds).toHaveLength([...statesOf(tripleMachine.root)].length)
    expect(targets.length).toBeGreaterThan(50)
    expect(targets.filter(({ id }) => !machine.stateIds.includes(id))).toEqual([])
    const events = nodes.flatMap(({ transitions }) => transitions.map(({ eventType }) => eventType))
    expect(events).toEqual(
      expect.arrayContaining([
        '',
        'done.invoke.surveyTriple',
        'error.platform.surveyTriple',
        'xstate.after(backoff)#triple.deciding.backing-off',
      ]),
    )
    expect(events.filter((type) => /^xstate\.(?:done|error|after\.)/u.test(type))).toEqual([])
  })
})

describe('a slow viewer', () => {
  test('hears of every actor that came and stopped, and of the latest state only', async () => {
    const { bridge, socket } = fakeViewer()
    socket.bufferedAmount = 2_000_000
    const actors = Array.from({ length: 300 }, (_, index) => startFailing(bridge, String(index)))
    await Promise.all(actors.map((actor) => untilFailed(actor)))
    for (const actor of actors.slice(0, 100)) actor.stop()
    expect(socket.sent).toEqual([])
    socket.bufferedAmount = 0
    await until(() => socket.sent.length > 0)
    const messages = socket.sent.map((text) => JSON.parse(text) as Told)
    const ofType = (type: string) => messages.filter((message) => message.type === type)
    expect(new Set(ofType('service.register').map(({ sessionId }) => sessionId)).size).toBe(300)
    expect(ofType('service.stop')).toHaveLength(100)
    expect(ofType('service.state')).toHaveLength(0)
    const states = ofType('service.register').map(
      ({ state }) => (JSON.parse(state) as { value: unknown }).value,
    )
    expect(new Set(states)).toEqual(new Set(['failed']))
  })

  test('whose socket throws is let go, and the actors run on', async () => {
    const { bridge, socket } = fakeViewer()
    socket.failure = new Error('broken pipe')
    await untilFailed(startFailing(bridge, '00001'))
    expect(socket.isClosed).toBe(true)
  })
})

describe('the bridge', () => {
  test('makes no text while nobody looks', async () => {
    const bridge = xstateInspectBridge()
    const stringify = vi.spyOn(JSON, 'stringify')
    await untilFailed(startFailing(bridge, '00001'))
    expect(stringify).not.toHaveBeenCalled()
  })

  test('forgets the oldest stopped actors when full, and shows no more live ones than it may', () => {
    const { bridge, socket } = fakeViewer({ maxActors: 2 })
    startFailing(bridge, '1').stop()
    for (const index of ['2', '3', '4']) startFailing(bridge, index)
    expect(registeredIn(socket.sent)).toEqual(['triple:1', 'triple:2', 'triple:3'])
  })

  test('gives two actors of one index two session ids', () => {
    const { bridge, socket } = fakeViewer()
    startFailing(bridge, '1')
    startFailing(bridge, '1')
    expect(registeredIn(socket.sent)).toEqual(['triple:1', 'triple:1:2'])
  })

  test('closes its viewers', () => {
    const { bridge, socket } = fakeViewer()
    bridge.close()
    startFailing(bridge, '1')
    expect(socket).toMatchObject({ isClosed: true, sent: [] })
  })
})

interface Told {
  readonly type: string
  readonly sessionId: string
  readonly state: string
}

const toldKeys = ['index', 'failures', 'looksAgain', 'remoteStatus', 'problem', 'attempt']

async function served() {
  const bridge = xstateInspectBridge()
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  servers.push(server)
  await once(server, 'listening')
  server.on('connection', (socket) => bridge.connect(socket))
  const { port } = server.address() as AddressInfo
  const received: Received[] = []
  const connect = async () => {
    vi.spyOn(console, 'warn').mockReturnValue()
    const receiver = openReceiver(port)
    receiver.subscribe((event) => received.push(event))
    await once(server, 'connection')
    return { receiver, seen: received }
  }
  return { bridge, port, received, connect }
}

const failingMachine = tripleMachine.provide({
  actors: { surveyTriple: fromPromise(() => Promise.reject(new Error('no such folder'))) },
})

function startFailing({ inspect }: XstateInspectBridge, index: string): TripleActor {
  const actor = createActor(failingMachine, { input: { index }, inspect })
  actor.start()
  return actor
}

async function untilFailed(actor: TripleActor): Promise<void> {
  await until(() => actor.getSnapshot().value === 'failed')
}

async function until(holds: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(holds()).toBe(true), { timeout: 10_000, interval: 5 })
}

function stateOf(received: readonly Received[], sessionId: string): unknown {
  return received.findLast((event) => event.state !== undefined && event.sessionId === sessionId)?.state
    ?.value
}

function fakeViewer(options: XstateInspectBridgeOptions = {}) {
  const bridge = xstateInspectBridge(options)
  const socket = fakeSocket()
  bridge.connect(socket)
  return { bridge, socket }
}

function fakeSocket() {
  const listeners: ((data: unknown) => void)[] = []
  const socket = {
    bufferedAmount: 0,
    sent: [] as string[],
    isClosed: false,
    failure: null as Error | null,
    send: (text: string) => {
      if (socket.failure !== null) throw socket.failure
      socket.sent.push(text)
    },
    close: () => {
      socket.isClosed = true
    },
    on: (event: string, listener: (data: unknown) => void) => event === 'message' && listeners.push(listener),
    receive: (data: unknown) => listeners.forEach((listener) => listener(data)),
  }
  return socket
}

function registeredIn(sent: readonly string[]): string[] {
  const messages = sent.map((text) => JSON.parse(text) as { type: string; sessionId: string })
  return messages.filter(({ type }) => type === 'service.register').map(({ sessionId }) => sessionId)
}

interface Node5 {
  readonly states: Readonly<Record<string, Node5>>
}

function* statesOf(node: Node5): Generator<Node5> {
  yield node
  for (const child of Object.values(node.states)) yield* statesOf(child)
}
