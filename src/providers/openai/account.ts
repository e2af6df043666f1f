import { createHash } from 'node:crypto'
import type { OpenAI } from 'openai'
import { hostOf } from './quirks.js'

/**
 * Tells one account of a server from another, and never the key: `api.openai.com#3f9a1c2e`. Eight digits are far too few
 * to find a key by, even one that somebody thought up. A server's host alone where the client fetches its keys itself.
 */
export function accountOf({
  baseURL,
  apiKey,
  organization,
  project,
}: Pick<OpenAI, 'baseURL' | 'apiKey' | 'organization' | 'project'>): string {
  const host = hostOf(baseURL)
  if (typeof apiKey !== 'string' || apiKey === '') return host
  const who = JSON.stringify([baseURL, apiKey, organization ?? null, project ?? null])
  return `${host}#${createHash('sha256').update(who).digest('hex').slice(0, 8)}`
}
