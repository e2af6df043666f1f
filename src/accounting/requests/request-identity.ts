import { createHash } from 'node:crypto'
import type { FileSystem } from '../../workspace/file-system.js'
import { decodeLine } from '../decode-line.js'
import { readLines, type Line } from '../line-reader.js'
import { canonicalMembers } from './canonical-json.js'

/** Of one request: a hash of its `custom_id`, then a hash of all that makes it the request it is. */
export const identityBytes = 24
export const identityWords = identityBytes / 4
/** Where the hash of the request begins, in words of 32 bits. */
export const requestHashAt = 2

/**
 * What makes two lines the same request: the `custom_id`, the endpoint and the value of the body, whatever the lines
 * look like. `null` for a line that is no request, or nests too deep to be sent.
 */
export function identityOf(line: Line): Uint8Array | null {
  const decoded = decodeLine(line)
  if (decoded.type === 'unreadable') return null
  const { custom_id: customId, url } = decoded.value
  if (typeof customId !== 'string' || typeof url !== 'string') return null
  const body = canonicalMembers(line.bytes.toString())?.get('"body"')
  if (body === undefined) return null
  const identity = new Uint8Array(identityBytes)
  identity.set(idHash(customId))
  const request = createHash('sha256').update(JSON.stringify([customId, endpointOf(url)]))
  identity.set(request.update(body).digest().subarray(0, 16), requestHashAt * 4)
  return identity
}

/** The first eight bytes of the sha256 of a `custom_id`, lone surrogates told apart. */
export function idHash(customId: string): Uint8Array {
  return createHash('sha256').update(JSON.stringify(customId)).digest().subarray(0, 8)
}

/** Servers take a path with and without their version, and with or without a last slash, for the same endpoint. */
export function endpointOf(url: string): string {
  const path = url.replace(/^\/v1(?=\/)/, '')
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

export interface ReadIdentitiesOptions {
  readonly signal?: AbortSignal | undefined
  /** Gets every byte of the file once, in order. */
  readonly onChunk?: ((bytes: Buffer) => void) | undefined
}

/** The identities of a file's requests in its order, many in one piece. Lines that are no requests are left out. */
export async function* readIdentities(
  fs: FileSystem,
  inputPath: string,
  options: ReadIdentitiesOptions = {},
): AsyncGenerator<Uint32Array, void, undefined> {
  for await (const lines of readLines(fs, inputPath, options)) {
    const identities: Uint8Array[] = []
    for (const line of lines) identities.push(identityOf(line) ?? nothing)
    yield inWords(identities)
  }
}

const nothing = new Uint8Array(0)

/** One identity after the other, as words of 32 bits in the order of this machine: they are compared, never counted. */
export function inWords(identities: readonly Uint8Array[]): Uint32Array {
  const bytes = new Uint8Array(identities.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const identity of identities) {
    bytes.set(identity, at)
    at += identity.length
  }
  return new Uint32Array(bytes.buffer)
}
