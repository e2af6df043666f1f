import { join } from 'node:path'
import type { FileKind } from '../../machines/index.js'
import { compareBatchIndices, type BatchIndex } from './batch-index.js'
import { parseBatchFileName } from './file-names.js'
import type { BatchWorkspace } from './open-workspace.js'
import { listOrNothing } from './scan.js'

/** The files of one index that stand in `done/`; absolute paths. */
export type DoneTriple = { readonly index: BatchIndex } & Readonly<Record<FileKind, string | null>>

/** What stands in `done/`, grouped by index. A lone metadata file makes no triple. */
export async function scanDone(workspace: BatchWorkspace): Promise<readonly DoneTriple[]> {
  const { done } = workspace.layout
  const triples = new Map<BatchIndex, { index: BatchIndex } & Record<FileKind, string | null>>()
  for (const { name } of await listOrNothing(workspace, done)) {
    const file = parseBatchFileName(name)
    if (file.type !== 'batch-file' || !file.isCanonical) continue
    const triple = triples.get(file.index) ?? noFiles(file.index)
    triple[file.kind] = join(done, name)
    triples.set(file.index, triple)
  }
  return [...triples.values()]
    .filter(({ input, output, error }) => input !== null || output !== null || error !== null)
    .toSorted((left, right) => compareBatchIndices(left.index, right.index))
}

function noFiles(index: BatchIndex) {
  return { index, input: null, output: null, error: null, metadata: null }
}
