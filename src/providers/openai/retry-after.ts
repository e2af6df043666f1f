/** No server may send a batch away for longer than this, whatever its header says. */
export const maxRetryAfterMs = 60 * 60 * 1000

/** The part of `Headers` that is read here; the SDK hands out either kind of object. */
export type HeaderSource = { get(name: string): string | null } | Readonly<Record<string, unknown>>

/**
 * How long the server asks to be left alone, in milliseconds, at most one hour; `null` when it does not say.
 * Reads `retry-after-ms` (Azure) and `Retry-After` as seconds or as an HTTP date (RFC 9110, section 10.2.3).
 */
export function retryAfterMs(headers: HeaderSource | null | undefined, nowMs: number): number | null {
  const inMilliseconds = amountOf(headerOf(headers, 'retry-after-ms'))
  if (inMilliseconds !== null) return withinLimits(inMilliseconds)
  const text = headerOf(headers, 'retry-after')
  const seconds = amountOf(text)
  if (seconds !== null) return withinLimits(seconds * 1000)
  const atMs = text !== null && httpDate.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(atMs) ? null : withinLimits(atMs - nowMs)
}

/** One header by its lower-case name, or `null`. */
export function headerOf(headers: HeaderSource | null | undefined, name: string): string | null {
  if (headers === null || headers === undefined) return null
  const value = isHeaders(headers) ? headers.get(name) : headers[name]
  return typeof value === 'string' ? value.trim() : null
}

/** Starts with the name of a day: `Date.parse` alone would also take `12` or `May`. */
const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*[, ]/i

function isHeaders(headers: HeaderSource): headers is { get(name: string): string | null } {
  return typeof headers['get' as keyof HeaderSource] === 'function'
}

function amountOf(text: string | null): number | null {
  return text !== null && /^\d+(\.\d+)?$/.test(text) ? Number(text) : null
}

function withinLimits(delayMs: number): number {
  return Math.round(Math.min(Math.max(delayMs, 0), maxRetryAfterMs))
}
