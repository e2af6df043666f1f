import { headerOf, httpDateMs, serverTimeMs, type HeaderSource } from './headers.js'

/** No server may send a batch away for longer than this, whatever its header says. */
export const maxRetryAfterMs = 60 * 60 * 1000

/**
 * How long the server asks to be left alone, in milliseconds, at most one hour; `null` when it does not say.
 * Reads `retry-after-ms` (Azure) and `Retry-After` as seconds or as an HTTP date (RFC 9110, section 10.2.3); a date
 * is compared with the `Date` of the same answer, because the server's clock and ours may be apart.
 */
export function retryAfterMs(headers: HeaderSource | null | undefined, nowMs: number): number | null {
  const inMilliseconds = amountOf(headerOf(headers, 'retry-after-ms'))
  if (inMilliseconds !== null) return withinLimits(inMilliseconds)
  const text = headerOf(headers, 'retry-after')
  const seconds = amountOf(text)
  if (seconds !== null) return withinLimits(seconds * 1000)
  const atMs = httpDateMs(text)
  return atMs === null ? null : withinLimits(atMs - (serverTimeMs(headers) ?? nowMs))
}

function amountOf(text: string | null): number | null {
  return text !== null && /^\d+(\.\d+)?$/.test(text) ? Number(text) : null
}

function withinLimits(delayMs: number): number {
  return Math.round(Math.min(Math.max(delayMs, 0), maxRetryAfterMs))
}
