import { fileKinds, type FileKind } from '../../machines/index.js'
import type { Clock } from '../clock.js'
import { systemClock } from '../clock.js'
import { reconciliationError } from '../errors.js'
import { doneFileConflict, findDoneConflicts, isPlaced } from './done-conflicts.js'
import { asFileProblem } from './file-problem.js'
import { locateAgain, lookAtTriple, type TripleLook } from './locate-triple.js'
import { recordMoveIntent, rowKinds, standingPath } from './move-intent.js'
import type { BatchWorkspace } from './open-workspace.js'
import { differs, placeFile, removeSource, syncFile } from './place-file.js'
import type { ProvenFile } from './proven-file.js'
import { asItStands, fileChanged, requireProvenAs, requireSameBytes } from './proven-file.js'
import { systemErrorCode } from './system-error-code.js'
import type { BatchFileTriple } from './triple.js'

export interface MoveOptions {
  /** The system's unless given. */
  readonly clock?: Clock
  /** What was proven, and so may move; without it, whatever stands there when the move begins. */
  readonly proven?: readonly ProvenFile[] | undefined
  /** Called before the metadata follows: the last moment at which an interruption still finds the triple. */
  readonly beforeMetadata?: () => Promise<void>
}

/**
 * Moves a finished triple to `done/` under its canonical names. What stands there is never overwritten: the same
 * bytes are fine, others are a `DoneFileConflict`, found before anything changes. The steps, each durable before
 * the next: the intent goes into the metadata; input, output and error get their place in `done/`; their places in
 * `workdir/` are given up; metadata follows. Calling it again after an interruption anywhere finishes the move,
 * also one that another tool left half done.
 *
 * A file that is not the one that was proven, or becomes another one meanwhile, ends it with `FileChangedDuringRun`:
 * the metadata then stays in `workdir/`, and its intent does not fit, so the next run counts the triple anew.
 */
export async function moveTripleToDone(
  workspace: BatchWorkspace,
  { index }: Pick<BatchFileTriple, 'index'>,
  { clock = systemClock, proven, beforeMetadata }: MoveOptions = {},
): Promise<void> {
  // The caller may have looked before an interruption; what counts is what stands there now.
  const look = await lookAtTriple(workspace, index)
  const standing = look.triple
  await requireNoConflict(workspace, standing)
  requireRows(standing)
  const files = await provenFiles(workspace, look, proven)
  await recordMoveIntent(workspace, standing, files, clock.now())
  await moveFiles(workspace, standing, rowKinds)
  // Its name in workdir/ is gone: what is proven now stays so, unless somebody edits done/ itself.
  for (const file of files)
    await requireSameBytes(workspace, index, file, workspace.layout.doneFile(file.kind, index))
  await beforeMetadata?.()
  const remaining = await locateAgain(standing, 'metadata')
  await requireNoConflict(workspace, remaining, ['metadata'])
  await moveFiles(workspace, remaining, ['metadata'])
}

/**
 * Makes sure that a triple still is what was proven, and could move: for whoever publishes what was found in it.
 *
 * @throws FileChangedDuringRun, DoneFileConflict
 */
export async function requireProvenTriple(
  workspace: BatchWorkspace,
  index: string,
  proven: readonly ProvenFile[],
): Promise<void> {
  const look = await lookAtTriple(workspace, index)
  await requireNoConflict(workspace, look.triple)
  await provenFiles(workspace, look, proven)
}

/** The files with rows that stand, each of them proven; none may have come or gone since. */
async function provenFiles(
  workspace: BatchWorkspace,
  { triple, standing }: TripleLook,
  proven: readonly ProvenFile[] | undefined,
): Promise<readonly ProvenFile[]> {
  const { index } = triple
  const files: ProvenFile[] = []
  for (const kind of rowKinds) {
    const path = standingPath(workspace, triple, kind)
    const found = standing[kind]
    const known = proven?.find((file) => file.kind === kind)
    if (known !== undefined && found === null) throw fileChanged(index, known.path, 'is gone')
    if (path === null || found === null) continue
    if (known === undefined && proven !== undefined) throw fileChanged(index, path, 'has appeared')
    if (known !== undefined) await requireProvenAs(workspace, index, known, path, found)
    files.push(known ?? (await asItStands(workspace, index, kind, path)))
  }
  return files
}

async function requireNoConflict(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  kinds: readonly FileKind[] = fileKinds,
): Promise<void> {
  const conflicts = await findDoneConflicts(workspace, triple, kinds)
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
  const { layout } = workspace
  if (kinds.every((kind) => triple[kind] === null)) return
  // A second name says nothing about the content, which somebody may have copied in a moment ago.
  await Promise.all(kinds.map((kind) => syncContent(workspace, triple, kind)))
  for (const kind of kinds) await placeInDone(workspace, triple, kind)
  await syncDirectory(workspace, layout.done)
  for (const kind of kinds) await giveUpPlace(workspace, triple, kind)
  await syncDirectory(workspace, layout.workdir)
}

/** Gives up a name in `workdir/` when it still is a name of what stands in `done/`. */
async function giveUpPlace(
  workspace: BatchWorkspace,
  { index, ...triple }: BatchFileTriple,
  kind: FileKind,
): Promise<void> {
  const { fileSystem, layout } = workspace
  const path = triple[kind]
  if (path === null) return
  const donePath = layout.doneFile(kind, index)
  if (await isPlaced(workspace, kind, path, donePath)) return removeSource(fileSystem, path)
  if ((await fileSystem.stat(path)) === null) return
  const isReadable = (await fileSystem.stat(donePath))?.kind === 'file'
  throw isReadable ? replacedMeanwhile(index, path, donePath) : differs(path, donePath)
}

function replacedMeanwhile(index: string, path: string, donePath: string): Error {
  return reconciliationError(
    {
      code: 'FileChangedDuringRun',
      message: `${path} was replaced by another file while it moved to ${donePath}; both stand, and nothing was removed.`,
      hint: 'Compare the two, put one of them elsewhere, then run again.',
      needsPerson: true,
      facts: { index, path, donePath },
    },
    { index },
  )
}

/** Of what is to stand in `done/`: the file that moves, or the same bytes that stand there already. */
async function syncContent(
  { fileSystem, layout }: BatchWorkspace,
  { index, inDone, ...triple }: BatchFileTriple,
  kind: FileKind,
): Promise<void> {
  const from = triple[kind]
  if (from === null) return
  const path = inDone[kind] ? layout.doneFile(kind, index) : from
  await syncFile(fileSystem, path).catch(asFileProblem({ path, action: 'move to done', index }))
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
  if (from === null || triple.inDone[kind]) return
  await placeFile(fileSystem, from, to).catch((error: unknown) => {
    if (systemErrorCode(error) !== 'EEXIST')
      return asFileProblem({ path: to, action: 'move to done', index })(error)
    throw doneFileConflict(index, [{ kind, workdirPath: from, donePath: to }])
  })
}

function syncDirectory({ fileSystem }: BatchWorkspace, path: string): Promise<void> {
  return fileSystem.syncDirectory(path).catch(asFileProblem({ path, action: 'sync the directory' }))
}
