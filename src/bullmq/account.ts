import type { Choices } from '../engine/parse-options.js'
import { accountOf as accountOfClient } from '../providers/openai/account.js'

/**
 * Names the account that bounds are for: the server and the key. Programs with a provider of their own that names no
 * account share one for each name of it.
 */
export function accountOf({ client, provider }: Pick<Choices, 'client' | 'provider'>): string {
  if (provider !== undefined) return provider.account ?? `provider ${provider.name}`
  return client === undefined ? 'none' : accountOfClient(client)
}
