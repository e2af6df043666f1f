import type { Problem } from './problem.js'

/** What stands beside a refusal for want of room; counted by whoever asked. */
export interface Refusal {
  /** How often this input was refused so far, this time included. */
  readonly refusals: number
  /** Batches of this workspace that the server has, or may have, and that still run. */
  readonly othersUnderWay: number
}

/** The server was asked once more than this before a batch counts as too large by itself. */
const refusalsToBeTooLarge = 2

/**
 * The server refused the input again while nothing else of ours takes up room: no wait will help, and it is sent in
 * parts. One refusal alone may be the last batch not yet counted out.
 */
export const isTooLargeAlone = ({ refusals, othersUnderWay }: Refusal): boolean =>
  refusals >= refusalsToBeTooLarge && othersUnderWay === 0

/**
 * Whether an error of the server speaks of the tokens that may be enqueued at a time: OpenAI fails the batch with
 * `token_limit_exceeded` minutes after its creation (openai-python #2084), Azure and others refuse the creation with
 * 429 and say "enqueued token limit".
 */
export function speaksOfRoom(error: {
  readonly code: string | null
  readonly message: string | null
}): boolean {
  return error.code === 'token_limit_exceeded' || /\benqueued[\s_-]*tokens?\b/i.test(error.message ?? '')
}

/** How the wait for room grows: from a minute to an hour, in milliseconds. Batches make room by ending, in hours. */
export const roomBackoff = { backoffBaseMs: 60_000, backoffCapMs: 3_600_000 } as const

/** A problem in the words of a triple that waits for room. */
export function waitingForRoom(problem: Problem): Problem {
  return { ...problem, hint: waitHint, isPassing: true, needsPerson: false }
}

const waitHint =
  'It is submitted again, from the same upload, when other batches have made room; this costs no attempt. Refused while no other batch of this workspace runs, it is sent in two halves.'
