import type * as OpenAiPackage from 'openai'
import { loadPackage } from '../load-package.js'

/**
 * The `openai` package, which users install beside this one.
 *
 * @throws WrongUsage when it cannot be loaded
 */
export function loadOpenAi(): Promise<typeof OpenAiPackage> {
  return loadPackage(() => import('openai'), {
    code: 'WrongUsage',
    message: 'The package openai cannot be loaded; it speaks to the server.',
    hint: 'Install it beside this one: npm install openai@6 (Node 20) or openai@7 (Node 22 and newer).',
  })
}
