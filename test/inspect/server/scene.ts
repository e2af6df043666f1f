import { request, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../../src/clock.js'
import { historyOf } from '../../../src/engine/phase-history.js'
import type { InspectionSource } from '../../../src/inspect/inspection-source.js'
import type { StreamMessage, TripleDetail, TripleSummary } from '../../../src/inspect/protocol.js'
import {
  serveInspector,
  type InspectorServer,
  type InspectorServerOptions,
} from '../../../src/inspect/server/serve-inspector.js'

export const document = {
  html: '<!doctype html><title>inspector</title>',
  contentSecurityPolicy: "default-src 'none'",
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Asking {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

/** A source that lives in memory. */
export function createSource(count: number, parts: Partial<InspectionSource> = {}) {
  const triples = new Map<string, TripleSummary>()
  for (let number = 0; number < count; number++) triples.set(String(number), summaryOf(String(number)))
  const listeners = new Set<(index: string | null) => void>()
  const source: InspectionSource = {
    title: '/somewhere',
    root: '/somewhere',
    mode: 'live',
    isComplete: true,
    isOver: false,
    summaries: () => [...triples.values()],
    summary: (index) => triples.get(index) ?? null,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    detail: (index, options) => Promise.resolve({ index, ...options } as unknown as TripleDetail),
    replay: (index) => Promise.resolve({ index, steps: [], omittedSteps: 0, unreadableLines: 0 }),
    history: () => Promise.resolve(historyOf([], 0)),
    failedForGood: () => Promise.resolve([]),
    tokens: () => Promise.resolve([]),
    command: () => ({ type: 'accepted' }),
    close: () => {},
    ...parts,
  }
  const tell = (index: string | null) => listeners.forEach((listener) => listener(index))
  return { source, triples, listeners, tell }
}

/** Long texts, so that a listing is more than a connection's buffers hold. */
export function summaryOf(index: string, attempt = 1): TripleSummary {
  const text = 'x'.repeat(300)
  const problem = { code: 'BatchFailed', message: text, hint: text, needsPerson: false }
  const times = { stateSinceMs: null, lastPollAtMs: null, nextPollAtMs: null }
  const ids = {
    index,
    batchId: null,
    rootIndex: index,
    requests: null,
    missing: null,
    worker: null,
    restedAtMs: null,
  }
  return {
    ...ids,
    ...times,
    state: 'failed',
    remoteStatus: null,
    attempt,
    problem,
    isAtRest: true,
    isAtWork: false,
  }
}

/** A clock whose timers run when told to. */
export function createHandClock() {
  const callbacks = new Map<number, () => void>()
  const delays: number[] = []
  const clock: Clock = {
    now: () => 1_800_000_000_000,
    setTimeout: (callback, delayMs) => {
      callbacks.set(delays.push(delayMs), callback)
      return delays.length
    },
    clearTimeout: (handle) => callbacks.delete(handle as number),
  }
  const runTimers = () => {
    const due = [...callbacks.values()]
    callbacks.clear()
    for (const callback of due) callback()
  }
  return { clock, delays, runTimers }
}

/** Serves until the test is over. */
export async function serve(options: Partial<InspectorServerOptions> = {}): Promise<InspectorServer> {
  const server = await serveInspector({ source: createSource(3).source, document, ...options })
  onTestFinished(() => server.close())
  return server
}

export async function ask(server: InspectorServer, path: string, asking: Asking = {}): Promise<Answer> {
  const response = await open(server, path, asking)
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}

/** With the token, unless `headers` says otherwise. Resolves once the headers are there. */
export function open(server: InspectorServer, path: string, asking: Asking = {}): Promise<IncomingMessage> {
  const { method = 'GET', headers = { Authorization: `Bearer ${server.token}` }, body } = asking
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, method, headers, agent: false }
    request(options, resolve).on('error', reject).end(body)
  })
}

/** The messages of an open stream, one after the other. */
export async function* messagesOf(response: IncomingMessage): AsyncGenerator<StreamMessage, void> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    const events = (text + (chunk as string)).split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) yield JSON.parse(event.replace(/^data: /, '')) as StreamMessage
  }
}
