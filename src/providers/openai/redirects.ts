import { reconciliationError, type BatchReconciliationError } from '../../errors.js'
import { headerOf, type HeaderSource } from './headers.js'

/** More than any chain of redirects that means well. */
export const mostRedirects = 5

/** Where a server sends a call on to. */
export interface Redirect {
  readonly status: number
  readonly target: URL
}

/** A call and the address it was sent to. */
export interface SentCall {
  readonly action: string
  readonly method: 'get' | 'post' | 'delete'
  /** Of the API, without the base URL: `/files`. */
  readonly path: string
  readonly url: URL
}

/**
 * The redirect an answer is, or `null` when it is none. Redirects are never followed by `fetch`: it would send the
 * upload, and every header but `Authorization`, on to whatever server is named.
 */
export function redirectOf(
  status: number,
  headers: HeaderSource | null | undefined,
  from: URL,
): Redirect | null {
  const location = headerOf(headers, 'location')
  if (!redirectStatuses.has(status) || location === null || !URL.canParse(location, from.href)) return null
  return { status, target: new URL(location, from.href) }
}

/** Of these only 307 and 308 promise that the call is to be made again as it was (RFC 9110, section 15.4). */
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

export const keepsMethod = ({ status }: Redirect): boolean => status === 307 || status === 308

/** Whether what was sent may be sent there too: the same scheme, host and port. */
export const isSameOrigin = ({ target }: Redirect, { url }: Pick<SentCall, 'url'>): boolean =>
  target.protocol === url.protocol && target.host === url.host

/** Whether a file may be fetched from there without a key: never from a less private connection. */
export const isWeb = ({ target }: Redirect, from: URL): boolean =>
  target.protocol === 'https:' || (target.protocol === 'http:' && from.protocol === 'http:')

/** Another server, or another way to the same one. With 307 and 308 it is certain that nothing was carried out. */
export function refusedRedirect(redirect: Redirect, call: SentCall): BatchReconciliationError {
  const { target, status } = redirect
  const { action, method, url } = call
  const isSent = !keepsMethod(redirect) && method === 'post'
  return reconciliationError({
    code: 'RequestRefused',
    message: `${url.origin} sends ${action} on to another origin, ${target.origin} (${status}, ${addressOf(target)}). Keys and uploads stay with ${url.origin}; nothing was sent there.`,
    hint: `If ${target.origin} is the server you mean, set the base URL to ${baseUrlOf(target, call)} and run again. If not, look at what stands between you and ${url.origin}.`,
    needsPerson: true,
    facts: { action, status, origin: url.origin, target: addressOf(target), ...(isSent ? {} : { isSent }) },
  })
}

/** A server may have carried out what it answers with 301, 302 or 303. */
export function unrepeatableRedirect({ target, status }: Redirect, call: SentCall): BatchReconciliationError {
  const { action, url } = call
  return reconciliationError({
    code: 'RequestRefused',
    message: `${url.host} answered ${action} with ${status} and ${addressOf(target)}, which does not say that it may be sent there again.`,
    hint: `Set the base URL to ${baseUrlOf(target, call)} and run again.`,
    needsPerson: true,
    facts: { action, status, target: addressOf(target) },
  })
}

export function tooManyRedirects({ target, status }: Redirect, call: SentCall): BatchReconciliationError {
  const { action, url } = call
  return reconciliationError({
    code: 'RequestRefused',
    message: `${url.host} sends ${action} on and on, more than ${mostRedirects} times; last to ${addressOf(target)}.`,
    hint: 'Check the base URL.',
    needsPerson: true,
    facts: { action, status, target: addressOf(target), isSent: false },
  })
}

/** Without the query, which may be a signature, and without credentials. */
export const addressOf = ({ origin, pathname }: URL): string => `${origin}${pathname}`

/** The base URL whose calls would have gone there. */
function baseUrlOf(target: URL, { path }: SentCall): string {
  const address = addressOf(target).replace(/\/+$/, '')
  return address.endsWith(path) ? address.slice(0, -path.length) : target.origin
}
