import { readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'

/** A submission that was begun, and of which no batch is noted: an answer was lost, or the process ended in between. */
export interface UnconfirmedSubmission {
  readonly index: string
  /** When it was begun, or when the server was last asked for the batch, in milliseconds since 1970. */
  readonly sinceMs: number
  /** True when the server was asked to make the batch, so that there may be one; else nothing of it can run yet. */
  readonly wasAsked: boolean
  /** The upload; `null` when none is noted. */
  readonly inputFileId: string | null
}

/**
 * What is not confirmed of a triple's submission; `null` when nothing is. One that the server refuses for want of room
 * is no such thing: it waits. Metadata that cannot be read is a problem of its own.
 */
export async function unconfirmedSubmission(
  workspace: BatchWorkspace,
  index: string,
): Promise<UnconfirmedSubmission | null> {
  const path = workspace.layout.workdirFile('metadata', index)
  const metadata = await readMetadata(workspace, path).catch(() => null)
  return metadata === null ? null : unconfirmedIn(index, metadata)
}

/**
 * Those of some triples. Where the server was not even asked for a batch and a problem says why, that is the one thing to
 * tell: a second alarm would send people to look for a batch that cannot be there.
 */
export function unconfirmedOf(triples: readonly MaybeUnconfirmed[]): readonly UnconfirmedSubmission[] {
  return triples.flatMap(({ unconfirmed, problem }) => {
    const isToldAlready = problem !== null && unconfirmed?.wasAsked === false
    return isToldAlready ? [] : (unconfirmed ?? [])
  })
}

interface MaybeUnconfirmed {
  readonly unconfirmed: UnconfirmedSubmission | null
  readonly problem: object | null
}

/** What metadata of `workdir/` says of it. */
export function unconfirmedIn(
  index: string,
  { batch_id: batchId, submission, room }: BatchMetadata,
): UnconfirmedSubmission | null {
  if (batchId !== null || submission == null) return null
  const askedAtMs = submission.asked_at_ms ?? null
  if (askedAtMs === null && room != null) return null
  return {
    index,
    sinceMs: askedAtMs ?? submission.intended_at_ms,
    wasAsked: askedAtMs !== null,
    inputFileId: submission.input_file_id ?? null,
  }
}
