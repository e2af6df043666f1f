import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../clock.js'
import type { InspectionSource } from '../inspection-source.js'
import { answerCommands } from './answer-commands.js'
import { respondEmpty, respondJson, respondText } from './respond.js'
import { streamTo } from './stream.js'
import type { RequestTarget } from './target.js'

/** What answering takes. */
export interface Answering {
  readonly source: InspectionSource
  readonly document: InspectorDocument
  readonly clock: Clock
  /** The responses of all open streams. */
  readonly streams: Set<ServerResponse>
}

/** The page as one self-contained text, and the policy it is sent with. */
export interface InspectorDocument {
  readonly html: string
  readonly contentSecurityPolicy: string
}

/** Answers an admitted request. What a source throws becomes a 500 without details. */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { path, query }: RequestTarget,
  answering: Answering,
): Promise<void> {
  try {
    const route = routeOf(path)
    if (route === null) return respondEmpty(response, 404)
    if (request.method !== route.method) return respondEmpty(response, 405, { Allow: route.method })
    await route.answer({ request, response, query, ...answering })
  } catch {
    if (response.headersSent) response.destroy()
    else respondEmpty(response, 500)
  }
}

interface Asked extends Answering {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
}

interface Route {
  readonly method: 'GET' | 'POST'
  answer(asked: Asked): Promise<void> | void
}

function routeOf(path: readonly string[] | null): Route | null {
  if (path === null) return null
  const [first, index, last] = path
  if (path.length === 0) return { method: 'GET', answer: answerDocument }
  if (path.length === 1 && first === 'stream') return { method: 'GET', answer: answerStream }
  if (path.length === 1 && first === 'history') return { method: 'GET', answer: answerHistory }
  if (path.length === 1 && first === 'tokens') return { method: 'GET', answer: answerTokens }
  if (path.length === 1 && first === 'failed-for-good') {
    return { method: 'GET', answer: answerFailedForGood }
  }
  if (path.length === 1 && first === 'commands') {
    return {
      method: 'POST',
      answer: ({ request, response, source }) => answerCommands(request, response, source),
    }
  }
  if (first !== 'triples' || index === undefined || path.length > 3) return null
  if (last === undefined) return { method: 'GET', answer: (asked) => answerDetail(asked, index) }
  if (last === 'replay') return { method: 'GET', answer: (asked) => answerReplay(asked, index) }
  return null
}

function answerDocument({ response, document }: Asked): void {
  respondText(response, 200, document.html, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': document.contentSecurityPolicy,
  })
}

function answerStream({ response, source, clock, streams }: Asked): void {
  if (streams.size >= maxStreams) return respondEmpty(response, 503)
  streams.add(response)
  response.once('close', () => streams.delete(response))
  streamTo(response, source, clock)
}

async function answerDetail({ response, source, query }: Asked, index: string): Promise<void> {
  const options = { withRowTexts: query.get('texts') === '1' }
  respondFound(response, isKnown(source, index) ? await source.detail(index, options) : null)
}

async function answerReplay({ response, source }: Asked, index: string): Promise<void> {
  respondFound(response, isKnown(source, index) ? await source.replay(index) : null)
}

async function answerHistory({ response, source }: Asked): Promise<void> {
  respondJson(response, 200, await source.history(source.summaries().map(({ index }) => index)))
}

async function answerTokens({ response, source }: Asked): Promise<void> {
  respondJson(response, 200, await source.tokens())
}

async function answerFailedForGood({ response, source }: Asked): Promise<void> {
  respondJson(response, 200, await source.failedForGood())
}

/** Only an index that was listed reaches what reads files. */
const isKnown = (source: InspectionSource, index: string): boolean => source.summary(index) !== null

function respondFound(response: ServerResponse, found: object | null): void {
  if (found === null) respondEmpty(response, 404)
  else respondJson(response, 200, found)
}

const maxStreams = 32
