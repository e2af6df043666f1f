import type { Choices } from '../engine/parse-options.js'

/**
 * Names the account that bounds are for: the server and the key. It is only ever hashed; programs with a provider of their
 * own share one account for each name of it.
 */
export function accountOf({ client, provider }: Pick<Choices, 'client' | 'provider'>): string {
  if (provider !== undefined) return `provider ${provider.name}`
  return client === undefined ? 'none' : `${client.baseURL} ${client.apiKey}`
}
