import { basename } from 'node:path'
import type { FileKind } from '../../machines/index.js'
import type { BatchReconciliationError } from '../errors.js'
import { reconciliationError } from '../errors.js'
import { asFileProblem } from './file-problem.js'
import type { FileStat } from './file-system.js'
import type { BatchWorkspace } from './open-workspace.js'
import { hashFile } from './read-whole-file.js'
import { systemErrorCode } from './system-error-code.js'

/** A file of a triple as it was when its rows were counted. */
export interface ProvenFile {
  readonly kind: FileKind
  /** Absolute. */
  readonly path: string
  readonly bytes: number
  /** Lower-case hex, over every byte. */
  readonly sha256: string
  /** As `FileStat` has it, when the last byte was read; `null` where only the bytes can tell. */
  readonly identity: string | null
}

/**
 * Makes sure that what stands at a path is what was proven: the very file, untouched, or at least its bytes. A disk may
 * number its files anew, and a backup may touch them, so only other bytes are a change.
 *
 * @throws FileChangedDuringRun
 */
export async function requireProven(
  workspace: BatchWorkspace,
  index: string,
  file: ProvenFile,
): Promise<void> {
  const { path } = file
  const failed = asFileProblem({ path, action: 'look at', index })
  const found = await workspace.fileSystem.stat(path).catch(failed)
  if (found === null) throw fileChanged(index, path, 'is gone')
  await requireProvenAs(workspace, index, file, path, found)
}

/** The same where somebody has just looked: `found` stood at `path`. */
export async function requireProvenAs(
  workspace: BatchWorkspace,
  index: string,
  file: ProvenFile,
  path: string,
  found: FileStat,
): Promise<void> {
  if (found.identity !== null && found.identity === file.identity) return
  if (found.bytes !== file.bytes) throw fileChanged(index, path, 'has other bytes')
  await requireSameBytes(workspace, index, file, path)
}

/** The same by the bytes alone, for a file whose identity says nothing: it just got a name, or lost one. */
export async function requireSameBytes(
  { fileSystem }: BatchWorkspace,
  index: string,
  { sha256 }: ProvenFile,
  path: string,
): Promise<void> {
  const found = await hashFile(fileSystem, path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') throw fileChanged(index, path, 'is gone')
    return asFileProblem({ path, action: 'look at', index })(error)
  })
  if (found !== sha256) throw fileChanged(index, path, 'has other bytes')
}

/** The file as it stands now, for a move that nobody has proven. */
export async function asItStands(
  { fileSystem }: BatchWorkspace,
  index: string,
  kind: FileKind,
  path: string,
): Promise<ProvenFile> {
  const failed = asFileProblem({ path, action: 'read', index })
  const sha256 = await hashFile(fileSystem, path).catch(failed)
  const found = await fileSystem.stat(path).catch(failed)
  return { kind, path, bytes: found?.bytes ?? 0, sha256, identity: null }
}

/** `what` reads after the name of the file: `is gone`. */
export function fileChanged(index: string, path: string, what: string): BatchReconciliationError {
  return reconciliationError(
    {
      code: 'FileChangedDuringRun',
      message: `${path} ${what} since its rows were counted; nothing of ${basename(path)} counts as proven.`,
      hint: 'See that nothing else writes to the workspace, then run again: the files are counted anew, as they stand then.',
      facts: { index, path },
    },
    { index },
  )
}
