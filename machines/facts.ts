import { isCancelledStatus, isCutShortStatus, isEndedStatus } from './remote-status.js'

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

/** The server's own counts of a batch; `null` where it said nothing. */
export interface ReportedCounts {
  readonly total: number | null
  readonly completed: number | null
  readonly failed: number | null
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
  /** As the server last gave them; never trusted for what they say is complete. */
  readonly requestCounts: ReportedCounts | null
  /** When the server made the batch, in milliseconds since 1970; `null` without one, or where nothing says it. */
  readonly submittedAtMs: number | null
  /** When the server gives the batch up, by its own word, in milliseconds since 1970; `null` as above. */
  readonly dueAtMs: number | null
  /** Since when the server has had no room for it, in milliseconds since 1970; `null` while it has. */
  readonly noRoomSinceMs: number | null
  /** Somebody asked for the batch to be cancelled; the server is asked until it has stopped. */
  readonly isCancelWanted: boolean
  /** The batch alone is more than the server takes: its requests go on in so many triples. */
  readonly splitParts: number | null
  /** Somebody takes it as it is that answers are missing: of the files that stand here now, and of no others. */
  readonly isMissingAccepted: boolean
  /** A retry whose requests may have been answered and paid for: sent only when somebody says so. */
  readonly needsLeave: boolean
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

/** Requests that no file mentions were not executed: the batch was cut short, or never ran as a whole. */
export const wasCutShort = ({ remoteStatus, splitParts }: TripleFacts): boolean =>
  splitParts !== null || isCutShortStatus(remoteStatus)

/** Somebody wanted the batch to stop, here or at the server: nothing of it is sent again by itself. */
export const wasCancelled = ({ remoteStatus, isCancelWanted }: TripleFacts): boolean =>
  isCancelWanted || isCancelledStatus(remoteStatus)

/**
 * The attempt that rows of this triple count for. A batch that was never run costs none: its parts, which keep its
 * attempt, have the later word.
 */
export const attemptOfRows = ({ attempt, splitParts }: TripleFacts): number =>
  splitParts === null ? attempt : attempt - 1

/** The attempt of the triple that sends requests of this one again. */
export const attemptOfRetry = (facts: TripleFacts): number => attemptOfRows(facts) + 1
