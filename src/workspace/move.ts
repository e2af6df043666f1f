import type { FileKind } from '../../machines/index.js'
import type { Clock } from '../clock.js'
import { systemClock } from '../clock.js'
import { reconciliationError } from '../errors.js'
import { doneFileConflict, findDoneConflicts } from './done-conflicts.js'
import { asFileProblem } from './file-problem.js'
import { locateTriple } from './locate-triple.js'
import type { HashOf } from './move-intent.js'
import { recordMoveIntent } from './move-intent.js'
import type { BatchWorkspace } from './open-workspace.js'
import { placeFile, removeSource, syncFile } from './place-file.js'
import { systemErrorCode } from './system-error-code.js'
import type { BatchFileTriple } from './triple.js'

export interface MoveOptions {
  /** The system's unless given. */
  readonly clock?: Clock
  /** Gives the sha256 of a file by its path, where the caller knows it already. */
  readonly hashOf?: HashOf
  /** Called before the metadata follows: the last moment at which an interruption still finds the triple. */
  readonly beforeMetadata?: () => Promise<void>
}

/**
 * Moves a finished triple to `done/` under its canonical names. What stands there is never overwritten: the same
 * bytes are fine, others are a `DoneFileConflict`, found before anything changes. The steps, each durable before
 * the next: the intent goes into the metadata; input, output and error get their place in `done/`; their places in
 * `workdir/` are given up; metadata follows. Calling it again after an interruption anywhere finishes the move,
 * also one that another tool left half done.
 */
export async function moveTripleToDone(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  { clock = systemClock, hashOf, beforeMetadata }: MoveOptions = {},
): Promise<void> {
  const { index } = triple
  // The caller may have looked before an interruption; what counts is what stands there now.
  const standing = await locateTriple(workspace, index)
  await requireNoConflict(workspace, standing)
  requireRows(standing)
  if (rowKinds.some((kind) => standing[kind] !== null)) {
    await recordMoveIntent(workspace, standing, { intendedAtMs: clock.now(), hashOf })
    await moveFiles(workspace, standing, rowKinds)
  }
  await beforeMetadata?.()
  const remaining = await locateTriple(workspace, index)
  await requireNoConflict(workspace, remaining)
  await moveFiles(workspace, remaining, ['metadata'])
}

const rowKinds: readonly FileKind[] = ['input', 'output', 'error']

async function requireNoConflict(workspace: BatchWorkspace, triple: BatchFileTriple): Promise<void> {
  const conflicts = await findDoneConflicts(workspace, triple)
  if (conflicts.length > 0) throw doneFileConflict(triple.index, conflicts)
}

/** A lone metadata file stays where it is: it may be all that is known of a batch that was paid for. */
function requireRows({ index, inDone, ...standing }: BatchFileTriple): void {
  if (rowKinds.some((kind) => standing[kind] !== null || inDone[kind])) return
  throw reconciliationError(
    {
      code: 'NoBatchFileTripleAtIndex',
      message: `No input, output or error file of index ${index} stands in workdir/ or done/; nothing was moved.`,
      hint: 'Put the files back into workdir/.',
      needsPerson: true,
      facts: { index },
    },
    { index },
  )
}

/** All places in `done/` are durable before the first in `workdir/` is given up. */
async function moveFiles(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  kinds: readonly FileKind[],
): Promise<void> {
  const { fileSystem, layout } = workspace
  const sources = kinds.flatMap((kind) => triple[kind] ?? [])
  if (sources.length === 0) return
  for (const kind of kinds) await placeInDone(workspace, triple, kind)
  await syncDirectory(workspace, layout.done)
  for (const path of sources) await removeSource(fileSystem, path)
  await syncDirectory(workspace, layout.workdir)
}

async function placeInDone(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  kind: FileKind,
): Promise<void> {
  const { fileSystem, layout } = workspace
  const { index } = triple
  const from = triple[kind]
  const to = layout.doneFile(kind, index)
  if (from === null) return
  const failed = asFileProblem({ path: to, action: 'move to done', index })
  if (triple.inDone[kind]) return syncFile(fileSystem, to).catch(failed)
  await placeFile(fileSystem, from, to).catch((error: unknown) => {
    if (systemErrorCode(error) !== 'EEXIST') return failed(error)
    throw doneFileConflict(index, [{ kind, workdirPath: from, donePath: to }])
  })
}

function syncDirectory({ fileSystem }: BatchWorkspace, path: string): Promise<void> {
  return fileSystem.syncDirectory(path).catch(asFileProblem({ path, action: 'sync the directory' }))
}
