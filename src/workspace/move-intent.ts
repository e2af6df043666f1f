import { basename } from 'node:path'
import { fileKinds } from '../../machines/index.js'
import { asFileProblem } from './file-problem.js'
import type { MoveIntent } from './metadata.js'
import { metadataPath, readMetadata, updateMetadata } from './metadata.js'
import type { BatchWorkspace } from './open-workspace.js'
import { hashFile } from './read-whole-file.js'
import type { BatchFileTriple } from './triple.js'

/** Gives the sha256 of a file by its path, where the caller knows it already. */
export type HashOf = (path: string) => Promise<string>

/**
 * Makes durable what is about to move, before anything does: whoever finds half of a triple in `done/` then knows
 * that its processing is complete and only the move has to be finished. An intent that still fits is kept.
 */
export async function recordMoveIntent(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  options: { readonly intendedAtMs: number; readonly hashOf?: HashOf | undefined },
): Promise<void> {
  // Metadata that is in done/ went there in an earlier move; one that differs from it could not follow.
  if (triple.inDone.metadata) return
  const path = metadataPath(workspace, triple)
  const recorded = (await readMetadata(workspace, path))?.move ?? null
  const files = await movingFiles(workspace, triple, options.hashOf)
  if (recorded !== null && files.every((file) => isListed(recorded, file))) return
  const moved = (recorded?.files ?? []).filter(({ name }) => !files.some((file) => file.name === name))
  await updateMetadata(workspace, path, {
    move: { intended_at_ms: options.intendedAtMs, files: [...moved, ...files] },
  })
}

/** True when all that stands in `workdir/` is what was about to move: a file put there since was never processed. */
export async function isStillIntended(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  intent: MoveIntent,
): Promise<boolean> {
  const files = await movingFiles(workspace, triple)
  return files.every((file) => isListed(intent, file))
}

type MovingFile = MoveIntent['files'][number]

async function movingFiles(
  { fileSystem, layout }: BatchWorkspace,
  triple: BatchFileTriple,
  hashOf: HashOf = (path) => hashFile(fileSystem, path),
): Promise<MovingFile[]> {
  const files: MovingFile[] = []
  for (const kind of fileKinds) {
    const path = triple[kind]
    if (kind === 'metadata' || path === null) continue
    const failed = asFileProblem({ path, action: 'read', index: triple.index })
    const found = await fileSystem.stat(path).catch(failed)
    const sha256 = await hashOf(path).catch(failed)
    files.push({ name: basename(layout.doneFile(kind, triple.index)), bytes: found?.bytes ?? 0, sha256 })
  }
  return files
}

function isListed(intent: MoveIntent, { name, bytes, sha256 }: MovingFile): boolean {
  return intent.files.some((file) => file.name === name && file.bytes === bytes && file.sha256 === sha256)
}
