import { gzipSync } from 'node:zlib'
import type { BodyEffect } from './fault.js'
import type { AnswerReply } from './reply.js'

const lineFeed = 0x0a

/** Makes a good answer end badly. Answers other than 200 are left alone. */
export function spoiled(reply: AnswerReply, effect: BodyEffect, request: Request): AnswerReply {
  if (reply.status !== 200) return reply
  if (effect.ending === 'cut-gzip') return compressedAndCut(reply, effect, request)
  return { ...reply, ending: effect.ending, sentBytes: cutAt(reply.body, effect) }
}

/** A client that asked for `identity` is served whole: that is the way out of this fault. */
function compressedAndCut(reply: AnswerReply, effect: BodyEffect, request: Request): AnswerReply {
  if (!acceptsGzip(request)) return reply
  const body = gzipSync(reply.body)
  const headers = { ...reply.headers, 'content-encoding': 'gzip' }
  return {
    ...reply,
    headers,
    body,
    ending: 'cut-gzip',
    sentBytes: cutAt(body, { ...effect, atLineEnd: false }),
  }
}

/** A request without the header went through no HTTP client yet; Node's `fetch` would add gzip. */
function acceptsGzip(request: Request): boolean {
  return request.headers.get('accept-encoding')?.includes('gzip') ?? true
}

function cutAt(body: Uint8Array, { share = 0.5, atLineEnd = false, ending }: BodyEffect): number {
  if (ending === 'whole') return body.byteLength
  const wantedBytes = Math.floor(body.byteLength * share)
  return atLineEnd ? body.lastIndexOf(lineFeed, Math.max(0, wantedBytes - 1)) + 1 : wantedBytes
}
