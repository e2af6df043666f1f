import type { OpenAI } from 'openai'
import { reconciliationError } from '../../errors.js'
import type { HeaderSource } from './headers.js'
import {
  isSameOrigin,
  isWeb,
  keepsMethod,
  mostRedirects,
  redirectOf,
  refusedRedirect,
  tooManyRedirects,
  unrepeatableRedirect,
  type Redirect,
  type SentCall,
} from './redirects.js'

/** The calls this provider makes, by the names the SDK gives them. */
export type Action =
  | 'files.create'
  | 'files.list'
  | 'files.retrieve'
  | 'files.content'
  | 'files.delete'
  | 'batches.create'
  | 'batches.list'
  | 'batches.retrieve'
  | 'batches.cancel'

/** One call, as data: so that it can be sent again, as it was, to where the server says. */
export interface ServerCall {
  readonly action: Action
  readonly method: 'get' | 'post' | 'delete'
  /** Of the API, without the base URL, such as `/batches`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number>>
  /** An object becomes JSON, a form a multipart body. */
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  /** For the whole answer, in milliseconds. */
  readonly limitMs?: number
}

/** What the server said, parsed where it said it in JSON, and its headers. */
export interface Answer {
  readonly data: unknown
  readonly headers: Headers
}

type Sending = ReturnType<OpenAI['request']>

/** Sends a call through the user's client, and reads the answer. */
export function sendForAnswer(client: OpenAI, call: ServerCall, signal: AbortSignal): Promise<Answer> {
  return followed(client, call, async (path) => {
    const { data, response } = await send(client, call, path, signal).withResponse()
    return { data, headers: response.headers }
  })
}

/**
 * Sends a call through the user's client, and gives the answer with its body still to come. The content of a file
 * may stand at another origin, under a signed address: it is fetched from there without anything of ours.
 */
export function sendForBody(client: OpenAI, call: ServerCall, signal: AbortSignal): Promise<Response> {
  return followed(
    client,
    call,
    (path) => send(client, call, path, signal).asResponse(),
    (redirect, sent) => fetchFromElsewhere(client, redirect, sent, signal),
  )
}

/**
 * No retries: the machine above does all the waiting, the SDK would sleep through a `Retry-After` of an hour, and a
 * second try of a creation is a second batch. No redirects either: they are looked at here.
 */
function send(client: OpenAI, call: ServerCall, path: string, signal: AbortSignal): Sending {
  const { method, body, limitMs } = call
  const isFirst = path === call.path
  return client.request({
    method,
    path,
    ...(isFirst && call.query !== undefined ? { query: { ...call.query } } : {}),
    ...(body === undefined ? {} : { body }),
    ...(call.headers === undefined ? {} : { headers: { ...call.headers } }),
    ...(limitMs === undefined ? {} : { timeout: limitMs }),
    signal,
    maxRetries: 0,
    fetchOptions: { redirect: 'manual' },
  })
}

type Elsewhere<T> = (redirect: Redirect, sent: SentCall) => Promise<T>

/** Follows redirects within the origin; what leads elsewhere is refused unless `elsewhere` takes it. */
async function followed<T>(
  client: OpenAI,
  call: ServerCall,
  sendTo: (path: string) => Promise<T>,
  elsewhere: Elsewhere<T> = refuse,
): Promise<T> {
  let path = call.path
  let sent: SentCall = { ...call, url: new URL(addressOfCall(client, call)) }
  for (let redirects = 0; ; redirects += 1) {
    try {
      return await sendTo(path)
    } catch (error) {
      const redirect = redirectIn(error, sent.url)
      if (redirect === null) throw error
      if (redirects === mostRedirects) throw tooManyRedirects(redirect, sent)
      if (!isSameOrigin(redirect, sent)) return elsewhere(redirect, sent)
      if (call.method !== 'get' && !keepsMethod(redirect)) throw unrepeatableRedirect(redirect, sent)
      path = redirect.target.href
      sent = { ...sent, url: redirect.target }
    }
  }
}

const refuse = (redirect: Redirect, sent: SentCall): Promise<never> =>
  Promise.reject(refusedRedirect(redirect, sent))

/** The address a call is sent to first. */
export function addressOfCall(
  { baseURL }: Pick<OpenAI, 'baseURL'>,
  { path }: Pick<ServerCall, 'path'>,
): string {
  return `${baseURL.replace(/\/+$/, '')}${path}`
}

/** The SDK takes an answer that is no success for an error, redirects included. */
function redirectIn(error: unknown, from: URL): Redirect | null {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return null
  const headers = 'headers' in error ? (error.headers as HeaderSource | null | undefined) : null
  return redirectOf(error.status, headers, from)
}

/** What the client of the user goes through to the network: a proxy is as needed for other origins as for its own. */
interface Network {
  readonly fetch?: typeof fetch
  readonly fetchOptions?: Readonly<Record<string, unknown>>
}

async function fetchFromElsewhere(
  client: OpenAI,
  first: Redirect,
  sent: SentCall,
  signal: AbortSignal,
): Promise<Response> {
  const network = client as unknown as Network
  const fetchIt = network.fetch ?? fetch
  let redirect = first
  let from = sent.url
  for (let redirects = 1; redirects <= mostRedirects; redirects += 1) {
    if (!isWeb(redirect, from)) throw refusedRedirect(redirect, { ...sent, url: from })
    const response = await fetchIt(redirect.target.href, { ...keyless(network.fetchOptions), signal })
    const next = redirectOf(response.status, response.headers, redirect.target)
    if (next === null) return requireContent(response, redirect)
    await response.body?.cancel()
    from = redirect.target
    redirect = next
  }
  throw tooManyRedirects(redirect, sent)
}

/** The way to the network without anything that may say who we are. */
function keyless(fetchOptions: Network['fetchOptions'] = {}): RequestInit {
  const { headers: _headers, body: _body, method: _method, ...way } = fetchOptions
  return {
    ...(way as RequestInit),
    method: 'GET',
    headers: { 'Accept-Encoding': 'identity' },
    credentials: 'omit',
    redirect: 'manual',
  }
}

/** What is gone there is gone; a signature that ran out is made anew at the next try. */
async function requireContent(response: Response, { target }: Redirect): Promise<Response> {
  const { ok, status, headers, body } = response
  if (ok) return response
  await body?.cancel()
  const message = `${target.host}, where the file is kept, answered with ${status}`
  if (status === 404 || status === 410) throw Object.assign(new Error(message), { status, headers })
  throw reconciliationError({
    code: 'NetworkError',
    message: `${message}.`,
    hint: 'The next try asks the server for the file again. If it stays, look at the storage behind the server.',
    isPassing: true,
    facts: { action: 'files.content', host: target.host },
  })
}
