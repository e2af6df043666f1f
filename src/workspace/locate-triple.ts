import { join } from 'node:path'
import type { FileKind } from '../../machines/index.js'
import { fileKinds } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import type { BatchIndex } from './batch-index.js'
import { requireBatchIndex } from './batch-index.js'
import { batchFileNames } from './file-names.js'
import { asFileProblem } from './file-problem.js'
import type { FileStat } from './file-system.js'
import type { BatchWorkspace } from './open-workspace.js'
import { isEmptyTriple } from './scan.js'
import type { BatchFileTriple, TripleDraft } from './triple.js'
import { emptyTriple, notARegularFile } from './triple.js'

/** Looks at the files of one index, without listing directories. What does not stand is `null`. */
export async function locateTriple(workspace: BatchWorkspace, index: BatchIndex): Promise<BatchFileTriple> {
  const triple = emptyTriple(workspace, index)
  for (const kind of fileKinds) {
    await locateFile(workspace, triple, kind)
    triple.inDone[kind] = (await look(workspace, workspace.layout.doneFile(kind, index), index)) !== null
  }
  return triple
}

/**
 * As `locateTriple`, for an index a person typed. Throws `InvalidBatchIndex`, or `NoBatchFileTripleAtIndex` when
 * nothing of it stands in `workdir/`.
 */
export async function findTriple(workspace: BatchWorkspace, text: string): Promise<BatchFileTriple> {
  const index = requireBatchIndex(text)
  const triple = await locateTriple(workspace, index)
  if (!isEmptyTriple(triple)) return triple
  const isFinished = fileKinds.some((kind) => triple.inDone[kind])
  throw reconciliationError(
    {
      code: 'NoBatchFileTripleAtIndex',
      message: `No batch file of index ${index} stands in ${workspace.layout.workdir}.`,
      hint: isFinished
        ? 'Its files are in done/: it is finished.'
        : 'Check the index; `status` lists them all.',
      needsPerson: true,
      facts: { index, isFinished },
    },
    { index },
  )
}

async function locateFile(workspace: BatchWorkspace, triple: TripleDraft, kind: FileKind): Promise<void> {
  for (const name of batchFileNames(kind, triple.index)) {
    const path = join(workspace.layout.workdir, name)
    const found = await look(workspace, path, triple.index)
    if (found === null) continue
    triple[kind] = path
    if (found.kind !== 'file') triple.problems.push(notARegularFile(triple.index, path, found.kind))
    return
  }
}

function look({ fileSystem }: BatchWorkspace, path: string, index: BatchIndex): Promise<FileStat | null> {
  return fileSystem.stat(path).catch(asFileProblem({ path, action: 'look at', index }))
}
