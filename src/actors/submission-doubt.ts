import { reconciliationError, type BatchReconciliationError } from '../errors.js'

/** A creation that may or may not have been carried out. */
export interface Doubt {
  readonly index: string
  /** The workspace, for commands a person can copy. */
  readonly root: string
  readonly host: string
  readonly inputFileId: string
  /** When the server was asked, by our clock: for people only. */
  readonly askedAtMs: number
}

/** The list is complete and does not show the batch; it may lag. */
export function notListedYet(doubt: Doubt, windowMs: number, retryAfterMs: number): BatchReconciliationError {
  const { index, inputFileId } = doubt
  return reconciliationError(
    {
      code: 'SubmissionAmbiguous',
      message: `${described(doubt)} The list of batches does not show it yet.`,
      hint: `It is searched for again, and sent anew only when the list has been without it for ${windowMs / 1000} seconds by the server's own clock: \`watch\` goes on by itself, or \`run\` again. ${adoptWords(doubt)}`,
      isPassing: true,
      retryAfterMs,
      facts: { index, inputFileId },
    },
    { index },
  )
}

/**
 * The list shows too little to prove that there is no such batch. `retryAfterMs` is when to look again, `null` when
 * looking again helps no more.
 */
export function cannotTell(
  doubt: Doubt,
  cause: BatchReconciliationError,
  retryAfterMs: number | null,
): BatchReconciliationError {
  const { index, root, inputFileId } = doubt
  const why = cause.facts['why']
  return reconciliationError(
    {
      code: 'SubmissionAmbiguous',
      message: `${described(doubt)} The list of batches cannot settle it: ${typeof why === 'string' ? why : cause.message}.`,
      hint: `Nothing is sent again on the strength of such a list. Look on the server for a batch of ${inputFileId}. ${adoptWords(doubt)} If there is none: batch-reconciler adopt ${shellWord(root)} ${index} none, then run again.`,
      ...(retryAfterMs === null ? { needsPerson: true } : { isPassing: true, retryAfterMs }),
      facts: { ...cause.facts, index, inputFileId },
    },
    { index },
  )
}

function described({ index, host, inputFileId, askedAtMs }: Doubt): string {
  return `The batch of triple ${index} may or may not have been made: ${host} was asked at ${timeText(askedAtMs)} to make it from upload ${inputFileId}, and no answer came that counts.`
}

function adoptWords({ root, index }: Doubt): string {
  return `If you see it there: batch-reconciler adopt ${shellWord(root)} ${index} <batch id>.`
}

const timeText = (atMs: number): string =>
  Number.isNaN(new Date(atMs).getTime()) ? 'an unknown time' : new Date(atMs).toISOString()

/** A path as a shell takes it. */
const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
