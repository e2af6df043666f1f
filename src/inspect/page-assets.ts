import { readFile } from 'node:fs/promises'
import type { PageAssets } from './page-document.js'

/**
 * Reads what the build put beside this module. In the published package the build puts the texts themselves in place of
 * this (`src/bundle.mjs`): a bundler of the user's takes modules along, and no files. Rejects with `ENOENT` when the page
 * was not built.
 */
export async function builtPageAssets(): Promise<PageAssets> {
  const [script, style] = await Promise.all([readAsset('page.js'), readAsset('page.css')])
  return { script, style }
}

const readAsset = (name: string) => readFile(new URL(`./page/${name}`, import.meta.url), 'utf8')
