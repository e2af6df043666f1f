import type { Problem } from '../../machines/index.js'
import type { InputLimits } from '../providers/split-input.js'
import type { TokenBound } from '../providers/token-bound.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { shellWord } from '../workspace/shell-word.js'
import type { InputTokens } from './input-tokens.js'

/** What is about to be sent. */
export interface SubmissionInquiry {
  readonly workspace: BatchWorkspace
  readonly limits: InputLimits
  readonly signal: AbortSignal
  readonly index: BatchIndex
  readonly model: string | null
  readonly bound: TokenBound
  /** Size and times of the input: what was found of another one says nothing. */
  readonly inputMark: string
  /** `null` where nobody asked for it. */
  readonly inputTokens: InputTokens | null
  /** It is sent again because it failed: a run does so without being told to submit. */
  readonly isRetry: boolean
}

export type WaitingInput = Pick<SubmissionInquiry, 'index' | 'inputMark' | 'signal'>

/** Notes durably that the triple takes what it was asked for, unless something else stands in the way. */
export type Reserve = () => Promise<Problem | null>

/**
 * What says whether a triple may be sent now. What others take stands in their metadata and proofs, durable before a batch
 * is created; this only adds them up. So a limit holds over crashes, retries and processes, whichever of them knows of it.
 */
export interface SubmissionAdmission {
  /** False: nothing is limited. */
  readonly isLimited: boolean
  /** Whether the tokens of the input have to be known beforehand. */
  readonly needsInputTokens: boolean
  /**
   * Calls `reserve` when that keeps within the limit; else gives what stands in the way. One after the other; among several
   * workers within `Ownership.withSubmissions`.
   */
  admit(inquiry: SubmissionInquiry, reserve: Reserve): Promise<Problem | null>
  /**
   * Of a triple that waits because `admit` refused it for now: what is still in the way. Reads nothing of its input, which
   * thousands of waiting ones would have read at every poll.
   */
  stillRefused(wait: WaitingInput): Promise<Problem | null>
  /** Look at these triples anew: they were sent, refused, or answered since. */
  hearOf(indices: readonly string[]): void
  /** Look at all of them anew. */
  forget(): void
}

export const unlimitedAdmission: SubmissionAdmission = {
  isLimited: false,
  needsInputTokens: false,
  admit: (_inquiry, reserve) => reserve(),
  stillRefused: async () => null,
  hearOf: () => {},
  forget: () => {},
}

/** What fits in all of them may go. */
export function allAdmissions(admissions: readonly SubmissionAdmission[]): SubmissionAdmission {
  return admissions.filter(({ isLimited }) => isLimited).reduce(bothAdmissions, unlimitedAdmission)
}

function bothAdmissions(first: SubmissionAdmission, second: SubmissionAdmission): SubmissionAdmission {
  return {
    isLimited: first.isLimited || second.isLimited,
    needsInputTokens: first.needsInputTokens || second.needsInputTokens,
    admit: (inquiry, reserve) => first.admit(inquiry, () => second.admit(inquiry, reserve)),
    stillRefused: async (wait) => (await first.stillRefused(wait)) ?? second.stillRefused(wait),
    hearOf(indices) {
      first.hearOf(indices)
      second.hearOf(indices)
    },
    forget() {
      first.forget()
      second.forget()
    },
  }
}

/** The run that sends the triple, to be copied. */
export function sendingCommand({ workspace, isRetry }: SubmissionInquiry): string {
  return `batch-reconciler run ${shellWord(workspace.layout.root)}${isRetry ? '' : ' --submit'}`
}
