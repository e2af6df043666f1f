import { lacksAnnouncedFile, type TripleFacts } from '../../machines/facts.js'
import { isEndedStatus } from '../../machines/remote-status.js'
import { durationText, elapsedText } from '../units.js'
import { commandText, type RestWords, type WorkspaceRoot } from './rest-words.js'

const dayMs = 86_400_000

/**
 * Output and error files are deleted so long after the batch ended (OpenAI's guide to the Batch API), so never sooner than
 * that after it was made. Who asked for less when it was created (`output_expires_after`) has to watch for that.
 */
const keptMs = 30 * dayMs

/** Time enough to come back from a long weekend. */
const soonMs = 4 * dayMs

/** Until when the server keeps answers that are not here, in milliseconds since 1970; `null` when none are only there. */
export function keptUntilMs(facts: TripleFacts): number | null {
  const { submittedAtMs, batchId, remoteStatus, output, error } = facts
  if (submittedAtMs === null || batchId === null) return null
  const mayHaveEnded = !isEndedStatus(remoteStatus) && output === null && error === null
  return mayHaveEnded || lacksAnnouncedFile(facts) ? submittedAtMs + keptMs : null
}

/** Little time is left to fetch the answers, or none. */
export const endsSoon = (untilMs: number | null, nowMs: number): untilMs is number =>
  untilMs !== null && untilMs - nowMs < soonMs

/** A sentence to add to others; `''` while there is time. */
export function retentionText(untilMs: number | null, nowMs: number): string {
  if (!endsSoon(untilMs, nowMs)) return ''
  return untilMs > nowMs
    ? ` The server deletes the answers in ${durationText(untilMs - nowMs)}.`
    : ` The server may have deleted the answers ${elapsedText(nowMs - untilMs)} ago.`
}

export function retentionWords(untilMs: number, nowMs: number, root: WorkspaceRoot): RestWords {
  return {
    why: `Answers were paid for and are not here.${retentionText(untilMs, nowMs)}`,
    whatToDo: `${commandText(root, 'run')} fetches them. Where something keeps it from that, mend that first: ${commandText(root, 'status')} says what.`,
  }
}
