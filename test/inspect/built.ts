import { existsSync } from 'node:fs'
import type * as exportPage from '../../src/inspect/export-page.js'

const built = new URL('../../dist/src/inspect/export-page.js', import.meta.url)

/** The module as it is built: the page's script and style exist only there. */
export async function builtExport(): Promise<typeof exportPage> {
  if (!existsSync(built)) throw new Error('`npm run build` comes first.')
  return (await import(built.href)) as typeof exportPage
}
