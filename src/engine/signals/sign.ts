import { createHmac } from 'node:crypto'
import { reconciliationError } from '../../errors.js'
import type { Signal } from './signal.js'

/** Keys that messages are signed with; several while a receiver changes from one to the next. */
export type SigningKeys = readonly Buffer[]

/** Of a key in the encoded form (Standard Webhooks, "Symmetric": 24 to 64 bytes). */
const keyBytes = { least: 24, most: 64 }
const base64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Reads keys as Standard Webhooks has them: base64 with or without `whsec_` in front, several with a space between.
 *
 * @throws WrongUsage without repeating what was given
 */
export function signingKeys(secret: string): SigningKeys {
  // Programs without types hand over what their environment has, which may be nothing.
  const texts = typeof secret === 'string' ? secret.split(' ') : []
  const keys = texts.filter((text) => text !== '').map(keyOf)
  if (keys.length > 0 && keys.length <= 5 && keys.every((key) => key !== null)) return keys
  throw reconciliationError({
    code: 'WrongUsage',
    message: `The secret of the webhook is no key: base64 of ${keyBytes.least} to ${keyBytes.most} bytes was expected, with or without whsec_ in front.`,
    hint: 'Make one, and give it to the receiver as well: openssl rand -base64 32',
  })
}

function keyOf(text: string): Buffer | null {
  const encoded = text.replace(/^whsec_/, '')
  if (!base64.test(encoded)) return null
  const key = Buffer.from(encoded, 'base64')
  return key.length >= keyBytes.least && key.length <= keyBytes.most ? key : null
}

/** The headers of one try at a delivery, signed at this moment. */
export function signedHeaders(
  { id, body }: Signal,
  keys: SigningKeys,
  nowMs: number,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(nowMs / 1_000))
  const signatures = keys.map((key) => {
    const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`)
    return `v1,${hmac.digest('base64')}`
  })
  return {
    'content-type': 'application/json',
    'user-agent': 'batch-reconciler',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  }
}
