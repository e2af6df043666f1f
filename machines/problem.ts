/**
 * Every way a step can go wrong, by name. Names the seed already had keep its spelling
 * (`docs/differences-from-seed.md`); each one is explained in `docs/errors.md`, and a test compares the two lists.
 * A code is never renamed: users match on it.
 */
export const problemCodes = [
  'NoBatchFileTripleAtIndex',
  'MissingBatchInputFileButOthersExist',
  'RequestIdsMismatch',
  'DuplicateRequestIds',
  'ConflictingAnswers',
  'UnreadableInputLines',
  'UnrecognisedAnswers',
  'TooManyRequests',
  'ReconciliationFailed',
  'InvalidBatchIndex',
  'MissingFilePath',
  'MissingOutputFileId',
  'MissingErrorFileId',
  'BatchMetadataUnreadable',
  'BatchMetadataLost',
  'BatchMetadataMixedUp',
  'BatchStillProcessing',
  'BatchFailed',
  'BatchEndedWithoutFiles',
  'BatchOverdue',
  'BatchFilesGone',
  'BatchUnknown',
  'UnknownBatchStatus',
  'OutputFileAlreadyExists',
  'ErrorFileAlreadyExists',
  'DoneFileConflict',
  'RetryInputConflict',
  'NoProvider',
  'ProcessorThrew',
  'WrongUsage',
  'WorkspaceNotFound',
  'WorkspaceLocked',
  'TripleTaken',
  'QueueUnavailable',
  'StorageCheckFailed',
  'NotARegularFile',
  'FileChangedDuringRun',
  'InputChanged',
  'DiskFull',
  'PermissionDenied',
  'FileSystemError',
  'NetworkError',
  'RateLimited',
  'AccessDenied',
  'QuotaExhausted',
  'OverBudget',
  'RequestRefused',
  'ServerNotSupported',
  'SubmissionAmbiguous',
  'RequestsFileInvalid',
  'RequestsSentBefore',
  'NothingToRetry',
  'NothingToAccept',
  'AdoptionRefused',
  'ProofMissing',
  'ProofMismatch',
  'ActorNotProvided',
  'Interrupted',
  'UnexpectedError',
] as const

export type ProblemCode = (typeof problemCodes)[number]

/**
 * What went wrong, as plain data: it lives in machine contexts, journals and reports, where an `Error` would
 * serialise to `{}`.
 */
export interface Problem {
  readonly code: ProblemCode
  /** One line: what happened, where, what was expected. */
  readonly message: string
  /** What the reader can do about it. */
  readonly hint?: string
  /** True when the same step may succeed later by itself: a busy file, a full server, a cut connection. */
  readonly isPassing?: boolean
  /** True when whoever reports it has tried for long enough: the step is not repeated in this pass. */
  readonly hasBeenRetried?: boolean
  /** True when only a person can decide how to go on. */
  readonly needsPerson?: boolean
  /** How long the server asked us to stay away, in milliseconds. */
  readonly retryAfterMs?: number
  /** The message of the error underneath, when there was one. */
  readonly causeMessage?: string
  /** Whatever the message was built from: paths, line numbers, counts, sample ids. Bounded and serialisable. */
  readonly facts?: Readonly<Record<string, unknown>>
}

/** Reads the problem out of whatever an actor rejected with; anything unknown becomes `UnexpectedError`. */
export function toProblem(error: unknown): Problem {
  if (isProblemCarrier(error)) return error.problem
  return {
    code: 'UnexpectedError',
    message: messageOf(error).slice(0, longestForeignMessage),
    hint: 'If the code that threw it is yours (an actor, a provider, a listener), look there; else it is a fault in batch-reconciler, please report it.',
  }
}

/** Whatever a user's code throws ends up in contexts and journals; in characters. */
const longestForeignMessage = 1_000

/** `String` itself throws for objects without a usable `toString`. */
function messageOf(error: unknown): string {
  const words: unknown = error instanceof Error ? error.message : error
  return typeof words === 'object' && words !== null ? Object.prototype.toString.call(words) : String(words)
}

function isProblemCarrier(error: unknown): error is { readonly problem: Problem } {
  if (typeof error !== 'object' || error === null || !('problem' in error)) return false
  const { problem } = error
  return (
    typeof problem === 'object' && problem !== null && hasText(problem, 'code') && hasText(problem, 'message')
  )
}

const hasText = (value: object, key: 'code' | 'message'): boolean =>
  key in value && typeof (value as Record<string, unknown>)[key] === 'string'
