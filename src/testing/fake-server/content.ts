import { wholeReply, type AnswerReply } from './reply.js'
import type { StoredFile } from './state.js'

/** `GET /files/{id}/content`: the bytes of a file, or a part of them for servers that serve ranges. */
export function contentReply(file: StoredFile, request: Request, servesRanges: boolean): AnswerReply {
  const headers = {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${file.filename.replaceAll('"', '')}"`,
  }
  const start = servesRanges ? rangeStart(request.headers.get('range')) : null
  if (start === null) return wholeReply(200, file.bytes, headers)
  const total = file.bytes.byteLength
  if (start >= total) return wholeReply(416, new Uint8Array(), { 'content-range': `bytes */${total}` })
  const contentRange = `bytes ${start}-${total - 1}/${total}`
  return wholeReply(206, file.bytes.subarray(start), { ...headers, 'content-range': contentRange })
}

/** Only `bytes=N-`, the range that resumes a download. */
function rangeStart(header: string | null): number | null {
  const start = /^bytes=(\d+)-$/.exec(header ?? '')?.[1]
  return start === undefined ? null : Number(start)
}
