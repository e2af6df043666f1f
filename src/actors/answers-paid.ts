import { join } from 'node:path'
import type { TripleFacts } from '../../machines/index.js'
import type { TripleAccounting } from '../accounting/triple-accounting.js'
import { readUsage, type UsageSources } from '../accounting/usage/read-usage.js'
import type { Usage } from '../accounting/usage/usage-tally.js'
import { parseSupersededFileName } from '../workspace/file-names.js'
import type { BatchMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { listOrNothing } from '../workspace/scan.js'

/** What all answers to a triple took: those of its accounting, and those of downloads that were replaced. */
export async function usageOfTriple(
  workspace: BatchWorkspace,
  { index, output, error }: TripleFacts,
  { usage }: TripleAccounting,
  metadata: BatchMetadata | null,
  signal: AbortSignal,
): Promise<Usage> {
  if (metadata?.superseded !== true) return usage
  const files: UsageSources['files'][number][] = await supersededFiles(workspace, index)
  if (output !== null) files.push({ kind: 'output', path: output.path })
  if (error !== null) files.push({ kind: 'error', path: error.path })
  return readUsage({ fs: workspace.fileSystem, index, files, endpoint: null, signal })
}

/** Files that a later download replaced; of one triple, or of all. */
export async function supersededFiles(
  workspace: BatchWorkspace,
  index: string | null = null,
): Promise<SupersededFile[]> {
  const { failedItems } = workspace.layout
  return (await listOrNothing(workspace, failedItems)).flatMap(({ name }) => {
    const found = parseSupersededFileName(name)
    if (found === null || (index !== null && found.index !== index)) return []
    return [{ ...found, path: join(failedItems, name) }]
  })
}

type SupersededFile = UsageSources['files'][number] & NonNullable<ReturnType<typeof parseSupersededFileName>>
