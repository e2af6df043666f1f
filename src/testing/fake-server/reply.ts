/**
 * What the server decided to send, before a transport sends it: `render-to-fetch.ts` turns a reply into a
 * `Response`, `render-to-socket.ts` writes it to a real connection. Both show the same fault to the client.
 */
export type Reply = AnswerReply | { readonly type: 'reset' } | { readonly type: 'silence' }

export interface AnswerReply {
  readonly type: 'answer'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The whole body, also when only a part of it will be sent. */
  readonly body: Uint8Array
  readonly ending: BodyEnding
  /** How much of the body is sent; the length of `body` unless a fault says less. */
  readonly sentBytes: number
}

/**
 * How the body of an answer ends:
 *
 * - `whole`: all of it, with its Content-Length.
 * - `cut`: Content-Length promises all, the connection closes early. The client sees an error.
 * - `cut-chunked`: the same without a Content-Length. The client sees an error.
 * - `reset`: as `cut`, with a TCP reset.
 * - `clean-end`: chunked and ended in good order, but early. The client sees no error.
 * - `close`: neither length nor chunks; the end of the connection is the end of the body. No error.
 * - `short`: the Content-Length is that of the part. No error.
 * - `cut-gzip`: compressed and ended early, when the client accepts gzip. No error.
 * - `stall`: Content-Length promises all, then nothing more comes.
 */
export type BodyEnding =
  | 'whole'
  | 'cut'
  | 'cut-chunked'
  | 'reset'
  | 'clean-end'
  | 'close'
  | 'short'
  | 'cut-gzip'
  | 'stall'

/** What Content-Length says; `null` where the header is left out. */
export function announcedBytes(reply: AnswerReply): number | null {
  if (reply.ending === 'short') return reply.sentBytes
  return honestLengths.has(reply.ending) ? reply.body.byteLength : null
}

const honestLengths: ReadonlySet<BodyEnding> = new Set(['whole', 'cut', 'reset', 'stall'])

/** A complete JSON answer. */
export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): AnswerReply {
  const body = new TextEncoder().encode(JSON.stringify(value))
  return wholeReply(status, body, { 'content-type': 'application/json', ...headers })
}

/** A complete answer of any content. */
export function wholeReply(
  status: number,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): AnswerReply {
  return { type: 'answer', status, headers, body, ending: 'whole', sentBytes: body.byteLength }
}
