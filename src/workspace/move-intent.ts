import { basename } from 'node:path'
import type { FileKind } from '../../machines/index.js'
import { fileKinds } from '../../machines/index.js'
import { asFileProblem } from './file-problem.js'
import type { MoveIntent } from './metadata.js'
import { emptyMetadata, metadataPath, readMetadata, writeMetadata } from './metadata.js'
import type { BatchWorkspace } from './open-workspace.js'
import type { ProvenFile } from './proven-file.js'
import { hashFile } from './read-whole-file.js'
import type { BatchFileTriple } from './triple.js'

/** The files with rows: they are proven, and move together. */
export const rowKinds = fileKinds.filter((kind) => kind !== 'metadata')

/** Where a file of the triple stands: in `workdir/`, or else in `done/`. */
export function standingPath(
  { layout }: BatchWorkspace,
  triple: BatchFileTriple,
  kind: FileKind,
): string | null {
  return triple[kind] ?? (triple.inDone[kind] ? layout.doneFile(kind, triple.index) : null)
}

/**
 * Makes durable what is about to move, before anything does: whoever finds half of a triple in `done/` then knows
 * that its processing is complete and only the move has to be finished. An intent that still fits is kept.
 *
 * @param triple as it was just located
 * @param files every file with rows that stands, also those that are in `done/` already
 */
export async function recordMoveIntent(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  files: readonly ProvenFile[],
  intendedAtMs: number,
): Promise<void> {
  // Metadata that is in done/ went there in an earlier move; one that differs from it could not follow.
  if (triple.inDone.metadata) return
  const path = metadataPath(workspace, triple)
  const current = triple.metadata === null ? null : await readMetadata(workspace, path)
  const recorded = current?.move ?? null
  const listed = files.map(({ kind, bytes, sha256 }) => ({
    name: nameOf(workspace, triple, kind),
    bytes,
    sha256,
  }))
  const isKept =
    recorded?.files.length === listed.length &&
    listed.every((file) => recorded.files.some((other) => isSameFile(file, other)))
  if (!isKept)
    await writeMetadata(workspace, path, {
      ...(current ?? emptyMetadata),
      move: { intended_at_ms: intendedAtMs, files: listed },
    })
}

/**
 * True when the intent covers the triple as it stands: every file with rows, in `workdir/` or in `done/`, is one it
 * lists, byte for byte, and none that it lists is missing. A file that was put there since was never processed.
 */
export async function doesIntentFit(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  { files }: MoveIntent,
): Promise<boolean> {
  const standing = rowKinds.filter((kind) => standingPath(workspace, triple, kind) !== null)
  if (standing.length !== files.length) return false
  for (const kind of standing) {
    const listed = files.find(({ name }) => name === nameOf(workspace, triple, kind))
    if (listed === undefined || !(await isListed(workspace, triple, kind, listed))) return false
  }
  return true
}

type ListedFile = MoveIntent['files'][number]

async function isListed(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  kind: FileKind,
  { bytes, sha256 }: ListedFile,
): Promise<boolean> {
  const path = standingPath(workspace, triple, kind)
  if (path === null) return false
  const { fileSystem } = workspace
  const failed = asFileProblem({ path, action: 'read', index: triple.index })
  const found = await fileSystem.stat(path).catch(failed)
  return found?.bytes === bytes && (await hashFile(fileSystem, path).catch(failed)) === sha256
}

function isSameFile(left: ListedFile, right: ListedFile): boolean {
  return left.name === right.name && left.bytes === right.bytes && left.sha256 === right.sha256
}

function nameOf({ layout }: BatchWorkspace, { index }: BatchFileTriple, kind: FileKind): string {
  return basename(layout.doneFile(kind, index))
}
