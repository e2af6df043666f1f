import type { World, WorldProcess } from './world.js'

/** A call as the client gave it to `fetch`, so that it can arrive after its process is gone. */
export interface SentRequest {
  readonly url: string
  readonly init: RequestInit
}

/** What may go wrong with a call, before or after the server did what was asked. */
export const networkFaults: readonly string[] = [
  'request-lost',
  'answer-lost',
  'answer-500-undone',
  'answer-500-done',
  'answer-429',
  'answer-cut',
  'no-answer-undone',
  'no-answer-done',
  'slow',
]

/** `fetch` of one process: that the request arrives is one operation, that the answer does is another. */
export function simulatedFetch(world: World, process: () => WorldProcess): typeof fetch {
  const call = async (
    input: string | URL | globalThis.Request,
    init: RequestInit = {},
  ): Promise<Response> => {
    const { signal, ...rest } = init
    signal?.throwIfAborted()
    const request = { url: input instanceof Request ? input.url : input.toString(), init: rest }
    const what = `${init.method ?? 'GET'} ${new URL(request.url).pathname}`
    const asked = { request, signal: signal ?? null }
    const answer = await world.ask(
      process(),
      `send ${what}`,
      (fault) => answerOf(world, request, fault),
      asked,
    )
    if (answer.type === 'none') return new Promise((_, reject) => rejectOnAbort(signal ?? null, reject))
    if (answer.delayMs > 0) await world.later(process(), answer.delayMs)
    return world.ask(process(), `receive ${what}`, () => received(answer), { signal: signal ?? null })
  }
  // The client tries fetches out that do not say what they answer with.
  return Object.assign(call, { Response })
}

type Answer =
  | { readonly type: 'response'; readonly response: Response; readonly delayMs: number }
  | { readonly type: 'broken'; readonly delayMs: number }
  | { readonly type: 'none' }

/** Done by the server at once and wholly: it is one machine of many, and its own crashes are not what is tried here. */
async function answerOf(world: World, { url, init }: SentRequest, fault: string | null): Promise<Answer> {
  const isDone = fault === null || doneAllTheSame.has(fault)
  const response = isDone ? await world.server.fetch(url, init) : null
  switch (fault ?? 'none') {
    case 'request-lost':
    case 'answer-lost':
      return { type: 'broken', delayMs: 0 }
    case 'answer-500-undone':
    case 'answer-500-done':
      return { type: 'response', response: refusal(500, {}), delayMs: 0 }
    case 'answer-429':
      return { type: 'response', response: refusal(429, { 'retry-after': '7' }), delayMs: 0 }
    case 'no-answer-undone':
    case 'no-answer-done':
      return { type: 'none' }
    case 'answer-cut':
      return { type: 'response', response: await cut(response as Response), delayMs: 0 }
    default:
      return { type: 'response', response: response as Response, delayMs: fault === 'slow' ? 20_000 : 0 }
  }
}

const doneAllTheSame: ReadonlySet<string> = new Set([
  'answer-lost',
  'answer-500-done',
  'answer-cut',
  'no-answer-done',
  'slow',
])

function received(answer: Exclude<Answer, { readonly type: 'none' }>): Response {
  if (answer.type === 'response') return answer.response
  const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })
  throw new TypeError('fetch failed', { cause })
}

function refusal(status: number, headers: Readonly<Record<string, string>>): Response {
  const body = JSON.stringify({ error: { message: 'Not now.', type: 'server_error', code: null } })
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } })
}

/** Half of the body, and then the connection breaks. */
async function cut(response: Response): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer())
  let isSent = false
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (isSent) controller.error(new TypeError('terminated'))
      else controller.enqueue(bytes.subarray(0, bytes.length >> 1))
      isSent = true
    },
  })
  return new Response(body, { status: response.status, headers: response.headers })
}

function rejectOnAbort(signal: AbortSignal | null, reject: (reason: unknown) => void): void {
  if (signal?.aborted === true) reject(signal.reason)
  signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
}
