import { sep } from 'node:path'
import type { FileKind } from '../../machines/index.js'
import { fileKinds } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import type { BatchIndex } from './batch-index.js'
import { requireBatchIndex } from './batch-index.js'
import { batchFileNames } from './file-names.js'
import { asFileProblem } from './file-problem.js'
import type { FileStat } from './file-system.js'
import { standingPath } from './move-intent.js'
import type { BatchWorkspace } from './open-workspace.js'
import { isEmptyTriple } from './scan.js'
import type { BatchFileTriple, TripleDraft } from './triple.js'
import { emptyTriple, notARegularFile } from './triple.js'

/** Looks at the files of one index, without listing directories. What does not stand is `null`. */
export async function locateTriple(workspace: BatchWorkspace, index: BatchIndex): Promise<BatchFileTriple> {
  return (await lookAtTriple(workspace, index)).triple
}

/** What one look at the names of a triple found. Whoever needs more than names takes it from here, and looks once. */
export interface TripleLook {
  readonly triple: BatchFileTriple
  /** By kind, under its name in `workdir/`, or else under that in `done/`. */
  readonly standing: Readonly<Record<FileKind, FileStat | null>>
}

export async function lookAtTriple(workspace: BatchWorkspace, index: BatchIndex): Promise<TripleLook> {
  const triple = emptyTriple(workspace, index)
  const standing: Record<FileKind, FileStat | null> = {
    input: null,
    output: null,
    error: null,
    metadata: null,
  }
  for (const kind of fileKinds) standing[kind] = await lookAtFile(workspace, triple, kind)
  return { triple, standing }
}

/**
 * The same for a triple of a scan that was just made: its names are known, and only what stands is asked for. Where a
 * file is gone since, all of it is looked for anew.
 */
export async function lookAtScanned(triple: BatchFileTriple): Promise<TripleLook> {
  const { workspace, index } = triple
  const standing: Record<FileKind, FileStat | null> = {
    input: null,
    output: null,
    error: null,
    metadata: null,
  }
  for (const kind of fileKinds) {
    const path = standingPath(workspace, triple, kind)
    if (path === null) continue
    standing[kind] = await look(workspace, path, index)
    if (standing[kind] === null) return lookAtTriple(workspace, index)
  }
  return { triple, standing }
}

/** Looks again at the file of one kind alone. */
export async function locateAgain(triple: BatchFileTriple, kind: FileKind): Promise<BatchFileTriple> {
  const { workspace, index } = triple
  const again = { ...emptyTriple(workspace, index) }
  await lookAtFile(workspace, again, kind)
  return { ...triple, [kind]: again[kind], inDone: { ...triple.inDone, [kind]: again.inDone[kind] } }
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

async function lookAtFile(
  workspace: BatchWorkspace,
  triple: TripleDraft,
  kind: FileKind,
): Promise<FileStat | null> {
  const { index } = triple
  const inWorkdir = await lookInWorkdir(workspace, triple, kind)
  const inDone = await look(workspace, workspace.layout.doneFile(kind, index), index)
  triple.inDone[kind] = inDone !== null
  return inWorkdir ?? inDone
}

async function lookInWorkdir(
  workspace: BatchWorkspace,
  triple: TripleDraft,
  kind: FileKind,
): Promise<FileStat | null> {
  for (const name of batchFileNames(kind, triple.index)) {
    const path = workspace.layout.workdir + sep + name
    const found = await look(workspace, path, triple.index)
    if (found === null) continue
    triple[kind] = path
    if (found.kind !== 'file') triple.problems.push(notARegularFile(triple.index, path, found.kind))
    return found
  }
  return null
}

function look({ fileSystem }: BatchWorkspace, path: string, index: BatchIndex): Promise<FileStat | null> {
  return fileSystem.stat(path).catch(asFileProblem({ path, action: 'look at', index }))
}
