import { isEndedStatus } from './remote-status.js'

/** The four kinds of file that make a triple (three with rows, one with our notes). */
export const fileKinds = ['input', 'output', 'error', 'metadata'] as const
export type FileKind = (typeof fileKinds)[number]

/** One file of a triple as the disk shows it. */
export interface FileFact {
  readonly path: string
  readonly bytes: number
  /** `done` only when the file is absent from `workdir/`: an earlier move was cut short. */
  readonly location: 'workdir' | 'done'
}

/** How far a submission got, according to the metadata. */
export type SubmissionState = 'none' | 'intended' | 'submitted'

/**
 * Everything the machine decides on: what stands on disk for one index, and what its metadata says.
 * Paths and numbers only, so a context that holds it stays small and serialisable.
 */
export interface TripleFacts {
  readonly index: string
  readonly input: FileFact | null
  readonly output: FileFact | null
  readonly error: FileFact | null
  readonly metadata: FileFact | null
  /** The server's name for the batch; `null` when nothing was submitted or its answer was lost. */
  readonly batchId: string | null
  /** The remote status last seen, in the server's words; `null` when never asked. */
  readonly remoteStatus: string | null
  /** File ids the server announced. An id that is set while the file is absent here means: download it. */
  readonly outputFileId: string | null
  readonly errorFileId: string | null
  readonly submission: SubmissionState
  /** A move was intended and may be half done; its processing is complete. */
  readonly isMoveIntended: boolean
  /** 1 for a root triple, one more for each retry. */
  readonly attempt: number
  readonly parentIndex: string | null
  readonly rootIndex: string
}

/**
 * The batch has ended and named a file that is not here: a download was cut off between the two files, or has
 * not begun. Ids alone would not show it when the missing file holds only requests the present one lacks.
 */
export function lacksAnnouncedFile(facts: TripleFacts): boolean {
  if (facts.batchId === null || !isEndedStatus(facts.remoteStatus)) return false
  const lacksOutput = facts.outputFileId !== null && facts.output === null
  const lacksError = facts.errorFileId !== null && facts.error === null
  return lacksOutput || lacksError
}
