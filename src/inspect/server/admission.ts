import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/**
 * Whether a request may be answered at all: it must know the token, and name this machine as its host (a page of
 * another site whose name was pointed at 127.0.0.1 does not) and as its origin, when it has one. `port` is where the
 * server listens.
 */
export function isAdmitted(request: IncomingMessage, query: URLSearchParams, token: string, port: number) {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`)
  const { host, origin } = request.headers
  return (
    host !== undefined &&
    hosts.includes(host.toLowerCase()) &&
    (origin === undefined || hosts.some((ours) => origin.toLowerCase() === `http://${ours}`)) &&
    isSameText(offeredToken(request, query), token)
  )
}

function offeredToken(request: IncomingMessage, query: URLSearchParams): string {
  return query.get('token') ?? /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
}

/** Takes as long whatever differs: the digests have one length and are compared whole. */
function isSameText(one: string, other: string): boolean {
  return timingSafeEqual(digestOf(one), digestOf(other))
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()
