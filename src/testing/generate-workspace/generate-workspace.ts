import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { workspaceLayout, type WorkspaceLayout } from '../../workspace/layout.js'
import { everyKindOfTriple } from './every-kind.js'
import type { TripleRecipe } from './recipe.js'
import { tripleTexts } from './triple-lines.js'

export interface GenerateWorkspaceOptions {
  /** One triple of every kind unless given. */
  readonly recipes?: readonly TripleRecipe[]
  /** Equal seeds give equal bytes; 1 unless given. */
  readonly seed?: number
}

/**
 * Fills a folder with batch files as real servers write them, one triple for each recipe. Nothing is overwritten:
 * a file that stands there already is an error. Each triple is made in memory as a whole.
 *
 * @param root made when it does not exist
 * @example
 * const recipes = await generateWorkspace('./batches', { seed: 7 })
 */
export async function generateWorkspace(
  root: string,
  { recipes = everyKindOfTriple(), seed = 1 }: GenerateWorkspaceOptions = {},
): Promise<readonly TripleRecipe[]> {
  const layout = workspaceLayout(root)
  await mkdir(layout.workdir, { recursive: true })
  for (const recipe of recipes) await writeTriple(layout, recipe, seed)
  return recipes
}

async function writeTriple(layout: WorkspaceLayout, recipe: TripleRecipe, seed: number): Promise<void> {
  const { index, metadata, files = ['input', 'output', 'error'], outputCopies = [] } = recipe
  const texts = tripleTexts(recipe, seed)
  for (const kind of files) await writeNew(layout.workdirFile(kind, index), texts[kind])
  for (const name of outputCopies) await writeNew(join(layout.workdir, name), texts.output)
  if (metadata !== undefined) await writeNew(layout.workdirFile('metadata', index), JSON.stringify(metadata))
}

async function writeNew(path: string, text: string | null): Promise<void> {
  if (text !== null) await writeFile(path, text, { flag: 'wx' })
}
