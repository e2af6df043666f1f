import { headerOf, type HeaderSource } from './headers.js'

/** An error of the `openai` package or of `fetch`, reduced to what decides. */
export type Failure =
  | {
      readonly type: 'status'
      readonly status: number
      readonly code: string | null
      /** The server's own class of error, such as `invalid_request_error`. */
      readonly kind: string | null
      readonly param: string | null
      readonly requestId: string | null
      readonly message: string
      readonly headers: HeaderSource | null
    }
  | { readonly type: 'aborted' }
  | { readonly type: 'connection'; readonly message: string }
  /** A proxy in between did not let the call through: nothing reached the server. */
  | { readonly type: 'proxy'; readonly status: number; readonly message: string }
  /** Whoever answered showed a certificate that is not trusted: nothing was sent. */
  | { readonly type: 'untrusted'; readonly message: string }
  | { readonly type: 'truncated-json'; readonly message: string }
  | { readonly type: 'unsendable'; readonly message: string }
  | { readonly type: 'unknown'; readonly message: string }

/**
 * Reads any error. The classes of `openai` are a peer's, perhaps there twice, so they are known by their shape:
 * an `APIError` has `status` and `headers`, both undefined when no answer came.
 */
export function readFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { type: 'unknown', message: String(error) }
  const status = fieldOf(error, 'status')
  if (typeof status === 'number') return statusFailure(error, status)
  const message = messageChain(error)
  if (isAbort(error)) return { type: 'aborted' }
  const proxyStatus = proxyStatusIn(message)
  if (proxyStatus !== null) return { type: 'proxy', status: proxyStatus, message }
  if (codesOf(error).some((code) => certificateCode.test(code))) return { type: 'untrusted', message }
  if (/invalid header value|Cannot convert argument to a ByteString/i.test(message))
    return { type: 'unsendable', message }
  // An answer that nests beyond any stack, which the SDK writes out for its own message.
  const isTooDeep = error instanceof RangeError
  if (error instanceof SyntaxError || isTooDeep) return { type: 'truncated-json', message }
  if (isConnectionError(error)) return { type: 'connection', message }
  return { type: 'unknown', message }
}

function statusFailure(error: Error, status: number): Failure {
  const headers = fieldOf(error, 'headers')
  const source = typeof headers === 'object' && headers !== null ? (headers as HeaderSource) : null
  return {
    type: 'status',
    status,
    code: textOf(fieldOf(error, 'code')),
    kind: textOf(fieldOf(error, 'type')),
    param: textOf(fieldOf(error, 'param')),
    requestId: headerOf(source, 'x-request-id'),
    message: error.message.replace(new RegExp(`^${status} `), ''),
    headers: source,
  }
}

function isAbort(error: Error): boolean {
  return error.name === 'AbortError' || error.constructor.name === 'APIUserAbortError'
}

function isConnectionError(error: Error): boolean {
  if (error.constructor.name.startsWith('APIConnection')) return true
  if (error instanceof TypeError && /terminated|fetch failed|network|other side closed/i.test(error.message))
    return true
  return error.name === 'TimeoutError' || codesOf(error).some((code) => networkCode.test(code))
}

/**
 * What a proxy answered in place of the server. `undici` says it in words only, of a tunnel with the status.
 */
function proxyStatusIn(message: string): number | null {
  const ofTunnel = /Proxy response \((\d{3})\)/.exec(message)
  if (ofTunnel !== null) return Number(ofTunnel[1])
  return /proxy authentication required/i.test(message) ? 407 : null
}

/** OpenSSL's reasons why a certificate is not taken, by the names Node gives them, and Node's own of the host's name. */
const certificateCode =
  /^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|HOSTNAME_MISMATCH|INVALID_CA)/

/** System codes of a connection that did not come up or broke, and undici's (`UND_ERR_SOCKET`, …). */
const networkCode =
  /^(UND_ERR_|ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|ENETUNREACH|ENETDOWN|EHOSTUNREACH|EADDRNOTAVAIL|ERR_STREAM_PREMATURE|ERR_TLS|ERR_SSL)/

/** The message and those of its causes: `fetch failed` alone tells nobody anything. */
function messageChain(error: Error): string {
  const messages = causesOf(error).map((link) => link.message || textOf(fieldOf(link, 'code')) || link.name)
  return [...new Set(messages)].join(': ')
}

function codesOf(error: Error): string[] {
  return causesOf(error).flatMap((link) => textOf(fieldOf(link, 'code')) ?? [])
}

const maxCauses = 5

function causesOf(error: Error): Error[] {
  const chain: Error[] = []
  let link: unknown = error
  while (link instanceof Error && chain.length < maxCauses) {
    chain.push(link)
    link = link.cause
  }
  return chain
}

function fieldOf(value: object, name: string): unknown {
  return (value as Record<string, unknown>)[name]
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
