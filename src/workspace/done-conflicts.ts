import type { FileKind, TripleFacts } from '../../machines/index.js'
import { fileKinds } from '../../machines/index.js'
import type { BatchReconciliationError } from '../errors.js'
import { reconciliationError } from '../errors.js'
import type { BatchIndex } from './batch-index.js'
import { asFileProblem } from './file-problem.js'
import type { MoveIntent } from './metadata.js'
import { readMetadata } from './metadata.js'
import type { BatchWorkspace } from './open-workspace.js'
import { isSameFile } from './place-file.js'
import type { BatchFileTriple } from './triple.js'

/** A file of the triple whose name is taken in `done/` by other bytes. */
export interface DoneConflict {
  readonly kind: FileKind
  /** Absolute paths. */
  readonly workdirPath: string
  readonly donePath: string
}

/**
 * The files that could not move because `done/` holds another file of that name. Worth asking before a triple is
 * processed: a number that was used twice then costs nothing. Asks the disk only where both stand.
 *
 * @param triple as it was just located
 */
export function findDoneConflicts(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  kinds: readonly FileKind[] = fileKinds,
): Promise<readonly DoneConflict[]> {
  const { index, inDone } = triple
  const places = kinds.map((kind) => ({ kind, workdirPath: inDone[kind] ? triple[kind] : null }))
  return conflictsOf(workspace, index, places)
}

/** The same of a triple whose facts were just surveyed: asks for the names in `done/` of what stands in `workdir/`. */
export function findConflictsOfFacts(
  workspace: BatchWorkspace,
  facts: TripleFacts,
): Promise<readonly DoneConflict[]> {
  const places = fileKinds.map((kind) => {
    const file = facts[kind]
    return { kind, workdirPath: file?.location === 'workdir' ? file.path : null }
  })
  return conflictsOf(workspace, facts.index, places)
}

async function conflictsOf(
  workspace: BatchWorkspace,
  index: BatchIndex,
  places: readonly { readonly kind: FileKind; readonly workdirPath: string | null }[],
): Promise<readonly DoneConflict[]> {
  const conflicts: DoneConflict[] = []
  for (const { kind, workdirPath } of places) {
    if (workdirPath === null) continue
    const donePath = workspace.layout.doneFile(kind, index)
    if (!(await mayGive(workspace, kind, workdirPath, donePath)))
      conflicts.push({ kind, workdirPath, donePath })
  }
  return conflicts
}

/** The error for conflicts; `done/` is never overwritten, so a person has to choose. */
export function doneFileConflict(
  index: string,
  conflicts: readonly DoneConflict[],
): BatchReconciliationError {
  const [first] = conflicts
  const more = conflicts.length > 1 ? ` (and ${conflicts.length - 1} more)` : ''
  return reconciliationError(
    {
      code: 'DoneFileConflict',
      message: `${first?.donePath} stands already, with other bytes than ${first?.workdirPath}${more}; nothing was moved.`,
      hint: 'Compare the two. Put one of them elsewhere, or give this triple another index, then run again.',
      needsPerson: true,
      facts: { index, conflicts },
    },
    { index },
  )
}

/** True when the name is free in `done/` after all, or taken by what would move there anyway. */
async function mayGive(
  workspace: BatchWorkspace,
  kind: FileKind,
  workdirPath: string,
  donePath: string,
): Promise<boolean> {
  const { fileSystem } = workspace
  const doneFile = await fileSystem.stat(donePath).catch(asFileProblem({ path: donePath, action: 'look at' }))
  if (doneFile === null) return true
  return doneFile.kind === 'file' && (await isPlaced(workspace, kind, workdirPath, donePath))
}

/** True when what stands in `workdir/` stands in `done/` as well, so that its name here may be given up. */
export async function isPlaced(
  workspace: BatchWorkspace,
  kind: FileKind,
  workdirPath: string,
  donePath: string,
): Promise<boolean> {
  const isSame = await isSameFile(workspace.fileSystem, workdirPath, donePath).catch(
    asFileProblem({ path: donePath, action: 'compare' }),
  )
  return isSame || (kind === 'metadata' && (await isSameMove(workspace, workdirPath, donePath)))
}

/**
 * Metadata moves last. Where that had to be a copy, a crash may leave both, and whoever touches the one in
 * `workdir/` after that makes them differ; both then still carry the one intent of this move.
 */
async function isSameMove(
  workspace: BatchWorkspace,
  workdirPath: string,
  donePath: string,
): Promise<boolean> {
  const intended = (await readMetadata(workspace, workdirPath))?.move ?? null
  const moved = (await readMetadata(workspace, donePath))?.move ?? null
  return intended !== null && moved !== null && intentText(intended) === intentText(moved)
}

function intentText({ intended_at_ms: intendedAtMs, files }: MoveIntent): string {
  return JSON.stringify([intendedAtMs, files.map(({ name, bytes, sha256 }) => [name, bytes, sha256])])
}
