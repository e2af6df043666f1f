import type * as OpenAiPackage from 'openai'
import { reconciliationError } from '../errors.js'

/**
 * The `openai` package, which users install beside this one.
 *
 * @throws WrongUsage when it cannot be loaded
 */
export async function loadOpenAi(): Promise<typeof OpenAiPackage> {
  try {
    return await import('openai')
  } catch (cause) {
    throw reconciliationError(
      {
        code: 'WrongUsage',
        message: 'The package openai cannot be loaded; it speaks to the server.',
        hint: 'Install it beside this one: npm install openai@6 (Node 20) or openai@7 (Node 22 and newer).',
      },
      { cause },
    )
  }
}
