/** The part of `Headers` that is read here; the SDK hands out either kind of object. */
export type HeaderSource = { get(name: string): string | null } | Readonly<Record<string, unknown>>

/** One header by its lower-case name, or `null`. */
export function headerOf(headers: HeaderSource | null | undefined, name: string): string | null {
  if (headers === null || headers === undefined) return null
  const value = isHeaders(headers) ? headers.get(name) : headers[name]
  return typeof value === 'string' ? value.trim() : null
}

/** An HTTP date (RFC 9110, section 5.6.7) in milliseconds since 1970, or `null` when the text is none. */
export function httpDateMs(text: string | null): number | null {
  const atMs = text !== null && httpDate.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(atMs) ? null : atMs
}

/** When the server made this answer, by its own clock and in whole seconds; `null` when it does not say. */
export function serverTimeMs(headers: HeaderSource | null | undefined): number | null {
  return httpDateMs(headerOf(headers, 'date'))
}

/** Starts with the name of a day: `Date.parse` alone would also take `12` or `May`. */
const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*[, ]/i

function isHeaders(headers: HeaderSource): headers is { get(name: string): string | null } {
  return typeof headers['get' as keyof HeaderSource] === 'function'
}
