import { inTurn } from '../workspace/in-turn.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'

/**
 * Whose word the steps of one triple act on. A command that has the workspace for itself needs none; a worker has a lease
 * for each thing that others could change at the same time. `work` gets the workspace to make its changes in, which is the
 * given one where nobody else is at work.
 */
export interface Ownership {
  /** Works on the files of another triple, such as a retry that is being written. */
  withTriple<Result>(workspace: BatchWorkspace, index: string, work: Work<Result>): Promise<Result>
  /** Works on the results of a lineage, which each of its triples reads and writes anew. */
  withResults<Result>(workspace: BatchWorkspace, rootIndex: string, work: Work<Result>): Promise<Result>
  /** Looks whether requests of a triple were sent before and notes that they are sent now; nobody else does in between. */
  withSubmissions<Result>(index: string, work: () => Promise<Result>): Promise<Result>
  /**
   * To be called right before a batch is created: gives for how many milliseconds from then on nobody else can do so; `null`
   * where nobody takes over from us.
   */
  beforeCreation(): Promise<number | null>
}

type Work<Result> = (workspace: BatchWorkspace) => Promise<Result>

/**
 * Nobody else is at work. A parent that is processed once more writes its retry again, which may be on its way to `done/` at
 * that moment: its files are changed before that or after it.
 */
export const soleOwnership: Ownership = {
  withTriple: (workspace, index, work) => inTurn(moveOf(workspace, index), () => work(workspace)),
  withResults: (workspace, rootIndex, work) =>
    inTurn(workspace.layout.resultsFile(rootIndex), () => work(workspace)),
  withSubmissions: (_index, work) => work(),
  beforeCreation: async () => null,
}

/** Where the steps of one triple work, and on whose word. */
export interface TriplePlace {
  readonly workspace: BatchWorkspace
  readonly ownership: Ownership
}

/** What the move of a triple, and whoever writes its files from outside, take turns at. */
export const moveOf = ({ layout }: BatchWorkspace, index: string): string => layout.doneFile('input', index)
