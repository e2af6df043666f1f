import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import type { Problem } from '../../../machines/index.js'
import { isBatchReconciliationError, reconciliationError } from '../../errors.js'
import { beginDurableFile } from '../../workspace/durable-write.js'
import { asFileProblem } from '../../workspace/file-problem.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { differs, isSameFile, removeSource, syncFile } from '../../workspace/place-file.js'
import { fileChunks, hashFile } from '../../workspace/read-whole-file.js'
import type { LooseFile } from './loose-file.js'
import type { PlannedTriple } from './plan-import.js'

/** What became of a triple that was planned. */
export type BroughtIn =
  | { readonly type: 'imported' }
  /** All of it stood here, byte for byte. */
  | { readonly type: 'here' }
  /** Nothing of it was written, or not all: what is there is whole. */
  | { readonly type: 'refused'; readonly problem: Problem }

export interface BringInOptions {
  readonly isDryRun: boolean
  /** Remove the sources, once their copies are proven. */
  readonly shouldMove: boolean
  readonly signal: AbortSignal
}

/**
 * Copies the files of a triple into `workdir/`. The answers come first: an input alone would be one that was never sent,
 * and a run may send it. Never overwrites.
 */
export async function bringIn(
  workspace: BatchWorkspace,
  triple: PlannedTriple,
  { isDryRun, shouldMove, signal }: BringInOptions,
): Promise<BroughtIn> {
  try {
    const missing = await missingFiles(workspace, triple)
    if (!isDryRun) {
      for (const { file, path } of missing) await copyProven(workspace, file, path, signal)
      if (shouldMove)
        for (const { kind, file } of filesOf(triple)) await giveUpSource(workspace, triple.index, kind, file)
    }
    return { type: missing.length === 0 ? 'here' : 'imported' }
  } catch (error) {
    if (!isBatchReconciliationError(error)) throw error
    return { type: 'refused', problem: error.problem }
  }
}

interface Placed {
  readonly kind: 'input' | 'output' | 'error'
  readonly file: LooseFile
}

/** In the order in which they may stand there alone. */
function filesOf({ input, output, error }: PlannedTriple): readonly Placed[] {
  return [
    ...(output === null ? [] : [{ kind: 'output', file: output } as const]),
    ...(error === null ? [] : [{ kind: 'error', file: error } as const]),
    { kind: 'input', file: input },
  ]
}

/** Those that do not stand here yet. Rejects when something else stands under one of the names. */
async function missingFiles({ fileSystem, layout }: BatchWorkspace, triple: PlannedTriple) {
  const missing: { readonly file: LooseFile; readonly path: string }[] = []
  const { index, input } = triple
  const inputPath = await firstStanding(fileSystem, [
    layout.workdirFile('input', index),
    layout.doneFile('input', index),
  ])
  const isInputHere = inputPath !== null && (await hashOf(fileSystem, inputPath)) === input.sha256
  // It stood in workdir/ when it was read: a run has ended with it, or somebody took it away.
  if (inputPath === null && input.path === layout.workdirFile('input', index)) throw changed(input)
  for (const kind of ['output', 'error', 'input'] as const) {
    const file = triple[kind]
    const path = layout.workdirFile(kind, triple.index)
    const standing = await firstStanding(fileSystem, [path, layout.doneFile(kind, triple.index)])
    // Beside the same input they are of this triple, and stay.
    if (file === null && standing !== null && !isInputHere) throw otherFile(triple, standing, false)
    if (file === null) continue
    if (standing === null) missing.push({ file, path })
    else if ((await hashOf(fileSystem, standing)) !== file.sha256)
      throw otherFile(triple, standing, isInputHere)
  }
  const finished = missing.length > 0 && isInputHere && inputPath === layout.doneFile('input', index)
  if (finished) throw isFinished(triple, inputPath)
  return missing
}

async function firstStanding(
  fileSystem: BatchWorkspace['fileSystem'],
  paths: readonly string[],
): Promise<string | null> {
  for (const path of paths) {
    const found = await fileSystem.stat(path).catch(asFileProblem({ path, action: 'look at' }))
    if (found !== null) return path
  }
  return null
}

const hashOf = (fileSystem: BatchWorkspace['fileSystem'], path: string): Promise<string> =>
  hashFile(fileSystem, path).catch(asFileProblem({ path, action: 'read' }))

function otherFile({ index, input }: PlannedTriple, standing: string, isInputHere: boolean): Error {
  return reconciliationError(
    {
      code: 'DoneFileConflict',
      message: `${standing} stands here already and is another file: triple ${index} of ${input.path} was not imported.`,
      hint: isInputHere
        ? `Compare the two. To take the other one, put ${standing} elsewhere first, and import again.`
        : `Compare the two. To bring it in as another triple give ${input.path} a name of another kind, such as requests.jsonl, and import again.`,
      facts: { index, standing },
    },
    { index },
  )
}

/** A run would move what comes to a finished triple after it, and process none of it. */
function isFinished({ index }: PlannedTriple, standing: string): Error {
  return reconciliationError(
    {
      code: 'DoneFileConflict',
      message: `${standing} is finished: no answers are brought to triple ${index} any more.`,
      hint: 'Compare the answers with those in done/. Nothing was written.',
      facts: { index, standing },
    },
    { index },
  )
}

/** Copies, and has every byte hashed on its way: what arrives is what was read and counted. */
async function copyProven(
  { fileSystem }: BatchWorkspace,
  file: LooseFile,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const toProblem = asFileProblem({ path, action: 'write' })
  const copy = await beginDurableFile(fileSystem, path).catch(toProblem)
  const hash = createHash('sha256')
  try {
    for await (const bytes of fileChunks(fileSystem, file.path)) {
      signal.throwIfAborted()
      hash.update(bytes)
      await copy.write(bytes)
    }
    if (hash.digest('hex') !== file.sha256) throw changed(file)
  } catch (error) {
    await copy.abort()
    throw signal.aborted || isBatchReconciliationError(error) ? error : toProblem(error)
  }
  await copy.commitNew().catch(toProblem)
}

function changed({ path }: LooseFile): Error {
  return reconciliationError({
    code: 'FileChangedDuringRun',
    message: `${path} was written to while it was imported.`,
    hint: 'Wait until it is finished, and import again: what is here already is passed over.',
    facts: { path },
  })
}

/**
 * Removes a source after its copy was read back and compared. One that is the file of the workspace itself, by way of a
 * link in its path or as a second name, stays: it may be the only one.
 */
export async function giveUpSource(
  { fileSystem, layout }: BatchWorkspace,
  index: string,
  kind: Placed['kind'],
  { path }: LooseFile,
): Promise<void> {
  const toProblem = asFileProblem({ path, action: 'remove' })
  const standing = await firstStanding(fileSystem, [
    layout.workdirFile(kind, index),
    layout.doneFile(kind, index),
  ])
  const source = await fileSystem.stat(path).catch(toProblem)
  if (standing === null || source === null) return
  const copy = await fileSystem.stat(standing).catch(toProblem)
  // A disk that does not tell which file is which keeps the source.
  if (source.inode === null || source.inode === copy?.inode) return
  if (!(await isSameFile(fileSystem, path, standing).catch(toProblem))) throw differs(path, standing)
  // It may be of an earlier try whose last sync failed, or somebody else's: until now nobody knows that it stays.
  await makeDurable(fileSystem, standing).catch(asFileProblem({ path: standing, action: 'sync' }))
  await removeSource(fileSystem, path)
  await fileSystem.syncDirectory(dirname(path)).catch(toProblem)
}

async function makeDurable(fileSystem: BatchWorkspace['fileSystem'], path: string): Promise<void> {
  await syncFile(fileSystem, path)
  await fileSystem.syncDirectory(dirname(path))
}
