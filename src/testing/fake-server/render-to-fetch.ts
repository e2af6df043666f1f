import { constants, gunzipSync } from 'node:zlib'
import { announcedBytes, type AnswerReply, type BodyEnding, type Reply } from './reply.js'

const pieceBytes = 64 * 1024

/**
 * Shows a reply to the caller of a `fetch` function, the way Node's own `fetch` shows it when it arrives over a
 * socket: a broken connection is `TypeError: fetch failed`, a broken body `TypeError: terminated`, gzip is
 * unpacked, and an abort rejects whatever is still awaited.
 */
export function renderToFetch(reply: Reply, signal: AbortSignal): Promise<Response> {
  if (signal.aborted) return Promise.reject(abortReason(signal))
  if (reply.type === 'silence') return rejectedOnAbort(signal)
  if (reply.type === 'reset') return Promise.reject(brokenConnection())
  return Promise.resolve(responseOf(reply, signal))
}

function responseOf(reply: AnswerReply, signal: AbortSignal): Response {
  const headers = new Headers(reply.headers)
  const announced = announcedBytes(reply)
  if (announced !== null) headers.set('content-length', String(announced))
  const body = reply.status === 204 || reply.status === 304 ? null : bodyStream(reply, signal)
  return new Response(body, { status: reply.status, headers })
}

function bodyStream(reply: AnswerReply, signal: AbortSignal): ReadableStream<Uint8Array> {
  const bytes = receivedBytes(reply)
  let position = 0
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        signal.addEventListener('abort', () => controller.error(abortReason(signal)), { once: true })
      },
      pull(controller) {
        if (position >= bytes.byteLength) return endBody(reply, controller)
        controller.enqueue(bytes.slice(position, position + pieceBytes))
        position += pieceBytes
        return undefined
      },
    },
    { highWaterMark: 0 },
  )
}

function endBody(
  reply: AnswerReply,
  controller: ReadableStreamDefaultController<Uint8Array>,
): Promise<void> | undefined {
  if (reply.ending === 'stall') return new Promise(() => {})
  if (failingEndings.has(reply.ending)) controller.error(terminated())
  else controller.close()
  return undefined
}

const failingEndings: ReadonlySet<BodyEnding> = new Set(['cut', 'cut-chunked', 'reset'])

/** Node unpacks a gzip body as far as it came and says nothing when it ends early. */
function receivedBytes(reply: AnswerReply): Uint8Array {
  const sent = reply.body.subarray(0, reply.sentBytes)
  if (reply.ending !== 'cut-gzip') return sent
  return gunzipSync(sent, { finishFlush: constants.Z_SYNC_FLUSH })
}

function rejectedOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(abortReason(signal)), { once: true })
  })
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : new DOMException('This operation was aborted', 'AbortError')
}

function brokenConnection(): TypeError {
  const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })
  return new TypeError('fetch failed', { cause })
}

function terminated(): TypeError {
  const cause = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' })
  return new TypeError('terminated', { cause })
}
