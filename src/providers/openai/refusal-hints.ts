import type { ProblemCode } from '../../../machines/index.js'
import { laterHint } from '../../errors.js'

/** A call that a server turned down, as far as it says what may help. */
export interface RefusedCall {
  readonly action: string
  readonly host: string
  readonly address: string
  readonly status: number
  readonly code: string | null
  /** The server's words; `null` when it gave none. */
  readonly words: string | null
}

/** What helps against this refusal in particular; `null` where the general words of its code do. */
export function hintFor(problemCode: ProblemCode, call: RefusedCall): string | null {
  if (problemCode === 'RateLimited') return rateHint(call)
  return problemCode === 'RequestRefused' ? refusalHint(call) : null
}

/** What helps against a proxy that lets nothing through. */
export function hintForProxy(status: number, host: string): string {
  return status === 407
    ? 'It wants a name and a password, or other ones. They stand in the variable that names it: HTTPS_PROXY=http://name:password@proxy.example:3128. What is no letter or digit in them is written as in an address: @ is %40.'
    : `Ask whoever runs the proxy to let ${host} through. Hosts that are reached without it go into NO_PROXY.`
}

function rateHint({ action }: RefusedCall): string | null {
  if (action !== 'batches.create' && action !== 'files.create') return null
  return `No batch was made. It is sent again when the server allows it: ${laterHint}`
}

function refusalHint(call: RefusedCall): string | null {
  if (call.status === 413) return tooLargeHint(call)
  return isMissingPath(call) ? missingPathHint(call) : null
}

/** Proxies refuse a body before the server sees it; nginx, for one, above 1 MB unless it is told otherwise. */
function tooLargeHint({ host }: RefusedCall): string {
  return `${host}, or a proxy in front of it, takes no body of this size. Ask whoever runs it for its limit and have it raised (nginx: client_max_body_size; Cloudflare: 100 MB on most plans), then run again. Or move the input and its metadata out of workdir/, nothing of it was sent, and submit its lines as several smaller files with \`submit --again\`.`
}

/** These address the API itself; the others name a file or batch that may not exist. */
const collections: ReadonlySet<string> = new Set(['files.create', 'batches.create', 'batches.list'])

/** An error with a code, or with words about a file, comes from the API: then the path is right. */
function isMissingPath({ action, status, code, words }: RefusedCall): boolean {
  const isPathStatus = status === 404 || status === 405
  if (!isPathStatus || !collections.has(action) || code !== null) return false
  return words === null || !speaksOfThing(words)
}

/** Of something the API has, and not of a path that somebody asked for: `Cannot GET /batches/batch-1`. */
export function speaksOfThing(words: string): boolean {
  return /\b(file|batch|model)\b/i.test(words.replace(/\S*\/\S*/g, ''))
}

function missingPathHint({ action, address, host }: RefusedCall): string {
  const base = address.replace(/\/(files|batches)$/, '')
  if (action !== 'files.create')
    return `${host} has files under ${base}, but no batches: it has no batch API, or a gateway does not pass it on. Use a server that has one.`
  return `Nothing at ${host} answers at this address.${versionText(base)} If the base URL is right, this server has no files and batch API.`
}

/** Neither a batch nor the list of batches is there: that says nothing of the batch. */
export function noBatchesHint({ address, host }: Pick<RefusedCall, 'address' | 'host'>): string {
  const base = address.replace(/\/batches\/[^/]*$/, '')
  return `Nothing at ${host} answers for batches under ${base}, so this says nothing of the batch: it may be running, or done.${versionText(base)} Run again with the base URL that it was sent with.`
}

const versionText = (base: string): string =>
  /\/v\d+$/.test(base)
    ? ''
    : ` The base URL usually ends in /v1: try ${base}/v1 (OPENAI_BASE_URL, --base-url).`
