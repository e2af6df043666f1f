import type { Problem } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import type { BatchProvider } from '../providers/batch-provider.js'
import type { SubmissionIntent } from '../workspace/metadata.js'
import type { TripleDependencies } from './dependencies.js'
import type { SubmissionInquiry } from './submission-admission.js'
import { inquiryOf, type CheckedSubmission } from './submission-inquiry.js'
import { noteIntent, noteRefusal, type SubmissionPlace } from './submission-record.js'

/** A submission whose input was checked. */
export interface ReadyInput extends CheckedSubmission {
  readonly place: SubmissionPlace
  readonly intent: SubmissionIntent
  /** It was begun before, or written to be sent: whether others have its requests was judged then. */
  readonly isMeant: boolean
}

/**
 * Looks whether the input may go, takes what it needs of each limit, and notes the intent. Gives what it has to wait for,
 * and throws what needs a person; nothing is taken then.
 */
export async function claimSubmission(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  ready: ReadyInput,
  signal: AbortSignal,
): Promise<Problem | null> {
  const { ownership, room, admission } = dependencies
  const { index } = ready.place
  const full = await room.reserve(index, ready.report.requestCount)
  if (full !== null) return full
  try {
    const inquiry = await inquiryOf(dependencies, provider, index, ready, signal)
    if (!ready.isMeant) await requireNewAtServer(dependencies, provider, inquiry)
    const claim = (): Promise<Problem | null> => claimed(dependencies, ready, inquiry)
    const isJudged = ready.isMeant && !admission.isLimited
    const over = await (isJudged ? claim() : ownership.withSubmissions(index, claim))
    if (over?.needsPerson === true) throw reconciliationError(over, { index })
    if (over !== null) await room.giveBack(index)
    return over
  } catch (error) {
    await room.giveBack(index)
    throw error
  }
}

/** Nobody else claims anything in between. */
async function claimed(
  dependencies: TripleDependencies,
  { place, metadata, intent, report, identity }: ReadyInput,
  inquiry: SubmissionInquiry,
): Promise<Problem | null> {
  await requireNew(dependencies, { ...inquiry, metadata })
  const { inputTokens } = inquiry
  const refused = await dependencies.admission.admit(inquiry, async () => {
    await noteIntent(dependencies, place, intent, { report, inputSha256: identity.sha256, inputTokens })
    return null
  })
  // What an earlier try reserved would keep others waiting, and they this one.
  if (refused !== null && metadata?.submission?.bound != null) await noteRefusal(dependencies, place)
  return refused
}

/** Before others wait for us: a batch that may be the same is compared byte for byte. */
function requireNewAtServer(
  { workspace, sentElsewhere, report }: TripleDependencies,
  provider: BatchProvider,
  { index, inputMark, signal }: SubmissionInquiry,
): Promise<void> {
  const warn = (message: string): void => report({ type: 'warning', index: null, message })
  return sentElsewhere.requireNew({ workspace, provider, signal, warn }, index, inputMark)
}

/** An input that somebody put there may repeat what was sent, and paid for, under another name. */
function requireNew(
  { workspace, sentBefore, report }: TripleDependencies,
  { index, metadata, signal }: Pick<SubmissionInquiry, 'index' | 'signal'> & Pick<ReadyInput, 'metadata'>,
): Promise<void> {
  const warn = (message: string): void => report({ type: 'warning', index: null, message })
  return sentBefore.requireNew({ workspace, warn, signal }, index, metadata)
}
