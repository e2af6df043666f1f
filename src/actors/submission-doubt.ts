import { isBatchReconciliationError, reconciliationError, type BatchReconciliationError } from '../errors.js'
import { isoTime } from '../units.js'
import { shellWord } from '../workspace/shell-word.js'

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
  const { index, inputFileId } = doubt
  const why = cause.facts['why']
  return reconciliationError(
    {
      code: 'SubmissionAmbiguous',
      message: `${described(doubt)} The list of batches cannot settle it: ${typeof why === 'string' ? why : cause.message}.`,
      hint: `Nothing is sent again on the strength of such a list. Look on the server for a batch of ${inputFileId}. ${eitherWay(doubt)}`,
      ...(retryAfterMs === null ? { needsPerson: true } : { isPassing: true, retryAfterMs }),
      facts: { ...cause.facts, index, inputFileId },
    },
    { index },
  )
}

/** The list of batches was read and shows too little, or the server has none to read: nothing is proven by it. */
export const isNoProof = (error: unknown): error is BatchReconciliationError =>
  isBatchReconciliationError(error) &&
  (error.code === 'SubmissionAmbiguous' || error.code === 'RequestRefused')

/** The batch is in no list of this account; another one was asked for it. */
export function listOfAnother(
  doubt: Doubt,
  { asked, now }: { readonly asked: string; readonly now: string },
): BatchReconciliationError {
  const { index, inputFileId } = doubt
  return reconciliationError(
    {
      code: 'SubmissionAmbiguous',
      message: `${described(doubt)} ${asked} was asked, and this is ${now}, whose list says nothing of it.`,
      hint: `Run again with what it was sent with (OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_ORG_ID, OPENAI_PROJECT_ID). If it is the same account with a new key, look on the server for a batch of ${inputFileId}. ${eitherWay(doubt)}`,
      needsPerson: true,
      facts: { index, inputFileId, asked, now },
    },
    { index },
  )
}

function described({ index, host, inputFileId, askedAtMs }: Doubt): string {
  return `The batch of triple ${index} may or may not have been made: ${host} was asked at ${isoTime(askedAtMs) ?? 'an unknown time'} to make it from upload ${inputFileId}, and no answer came that counts.`
}

function adoptWords({ root, index }: Doubt): string {
  return `If you see it there: batch-reconciler adopt ${shellWord(root)} ${index} <batch id>.`
}

/** For a person who has looked on the server. */
function eitherWay(doubt: Doubt): string {
  const { root, index } = doubt
  return `${adoptWords(doubt)} If there is none: batch-reconciler adopt ${shellWord(root)} ${index} none, then run again.`
}
