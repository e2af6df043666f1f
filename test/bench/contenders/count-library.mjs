import { pathToFileURL } from 'node:url'

/** `plan` as a call of the library; `module` is its door. */
export async function countIds({ root, module }) {
  const { openWorkspace, planWorkspace } = await import(pathToFileURL(module).href)
  const { triples } = await planWorkspace(await openWorkspace(root), { shouldCheckIds: true })
  const { counts, problem } = triples[0]
  if (counts === null) throw new Error(problem.message)
  const { matched, missing, unknown, duplicate } = counts
  return { matched, missing, unknown, duplicate }
}
