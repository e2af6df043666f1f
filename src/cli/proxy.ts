import { reconciliationError, type BatchReconciliationError } from '../errors.js'

type Environment = Readonly<Record<string, string | undefined>>

/** A proxy that the environment names. */
interface NamedProxy {
  /** The variable that names it. */
  readonly variable: string
  readonly url: URL
}

/** The proxies for either kind of server, and the hosts that are asked without one. */
interface Proxies {
  readonly http: NamedProxy | null
  readonly https: NamedProxy | null
  readonly noProxy: string
}

/**
 * A `fetch` that goes through the proxies of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, which Node 20 does not know;
 * `null` where none is named, and Node's own is right.
 *
 * @throws WrongUsage when a variable names no proxy that can be used
 */
export async function fetchThroughProxy(environment: Environment): Promise<typeof fetch | null> {
  const proxies = proxiesOf(environment)
  const { http, https, noProxy } = proxies
  if (http === null && https === null) return null
  const { EnvHttpProxyAgent } = await import('undici')
  const dispatcher = new EnvHttpProxyAgent({
    // An empty text keeps it from looking into the environment again.
    httpProxy: http?.url.href ?? '',
    httpsProxy: https?.url.href ?? '',
    noProxy,
    // Many proxies open tunnels to port 443 only, and pass on what is not encrypted.
    proxyTunnel: false,
  })
  // Node's `fetch` takes it; the types of two versions of undici differ in details.
  const way = { dispatcher } as unknown as RequestInit
  return async (input, init) => {
    try {
      return await fetch(input, { ...init, ...way })
    } catch (error) {
      throw withProxy(error, addressedTo(input).protocol === 'https:' ? (https ?? http) : http)
    }
  }
}

function proxiesOf(environment: Environment): Proxies {
  return {
    http: proxyIn(environment, 'HTTP_PROXY'),
    https: proxyIn(environment, 'HTTPS_PROXY'),
    noProxy: variableIn(environment, 'NO_PROXY')?.text ?? '',
  }
}

/** In small letters first, as `curl` and `undici` have it. */
function variableIn(environment: Environment, name: string): { variable: string; text: string } | null {
  const variable = [name.toLowerCase(), name].find((one) => (environment[one] ?? '').trim() !== '')
  return variable === undefined ? null : { variable, text: (environment[variable] ?? '').trim() }
}

/** `proxy.example:3128` is `http://proxy.example:3128`, as everywhere. */
function proxyIn(environment: Environment, name: string): NamedProxy | null {
  const found = variableIn(environment, name)
  if (found === null) return null
  const { variable, text } = found
  const address = text.includes('://') ? text : `http://${text}`
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null || !usableSchemes.has(url.protocol)) throw unusableProxy(variable)
  return { variable, url }
}

const usableSchemes: ReadonlySet<string> = new Set(['http:', 'https:'])

/** What the variable holds is not repeated: it may be a password. */
function unusableProxy(variable: string): BatchReconciliationError {
  return reconciliationError({
    code: 'WrongUsage',
    message: `The environment variable ${variable} names no proxy that can be used; an address such as http://proxy.example:3128 was expected.`,
    hint: `Set it to the address of an HTTP proxy, with http:// or https:// in front, or take it away: unset ${variable}`,
  })
}

const addressedTo = (input: Parameters<typeof fetch>[0]): URL =>
  new URL(input instanceof Request ? input.url : input)

/** The error as it was, with the proxy that a person would look at first. */
function withProxy(error: unknown, proxy: NamedProxy | null): unknown {
  if (proxy === null || !(error instanceof TypeError)) return error
  const { variable, url } = proxy
  return new TypeError(`${error.message}, with ${variable} set to ${url.protocol}//${url.host}`, {
    cause: error.cause,
  })
}
