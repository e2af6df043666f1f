import type { FileKind, Problem } from '../../machines/index.js'
import type { BatchIndex } from './batch-index.js'
import type { BatchWorkspace } from './open-workspace.js'

/** The files of one index that stand in `workdir/` (absolute paths), and which of its names stand in `done/`. */
export interface BatchFileTriple {
  readonly workspace: BatchWorkspace
  readonly index: BatchIndex
  readonly input: string | null
  readonly output: string | null
  readonly error: string | null
  readonly metadata: string | null
  readonly inDone: Readonly<Record<FileKind, boolean>>
  /** What keeps files of this triple from being used, such as a directory under a file's name. */
  readonly problems: readonly Problem[]
}

/** A triple while it is put together. */
export type TripleDraft = { -readonly [Key in keyof BatchFileTriple]: BatchFileTriple[Key] } & {
  inDone: Record<FileKind, boolean>
  problems: Problem[]
}

export function emptyTriple(workspace: BatchWorkspace, index: BatchIndex): TripleDraft {
  return {
    workspace,
    index,
    input: null,
    output: null,
    error: null,
    metadata: null,
    inDone: { input: false, output: false, error: false, metadata: false },
    problems: [],
  }
}

export function notARegularFile(index: BatchIndex, path: string, kind: string): Problem {
  return {
    code: 'NotARegularFile',
    message: `${path} is ${kind === 'directory' ? 'a directory' : 'no regular file'}; a file was expected.`,
    hint: 'Move it away, or give it another name.',
    needsPerson: true,
    facts: { index, path },
  }
}
