import { sentBefore, type SentBefore } from '../actors/sent-before.js'
import { submissionGate, type SubmissionGate } from '../actors/submission-gate.js'
import { systemClock } from '../clock.js'
import { openAiBatchProvider } from '../providers/openai/provider.js'
import { statusBoard, type StatusBoard } from '../providers/status-board.js'
import type { ReconcileOptions } from './options.js'

/** What all triples of one run share. */
export interface RunContext {
  /** `null` when the run has no server. */
  readonly board: StatusBoard | null
  readonly submissions: SubmissionGate
  readonly sentBefore: SentBefore
}

export function runContext(options: ReconcileOptions): RunContext {
  const { client, clock = systemClock } = options
  const provider = options.provider ?? (client === undefined ? null : openAiBatchProvider({ client, clock }))
  return {
    board: provider === null ? null : statusBoard(provider),
    submissions: submissionGate(),
    sentBefore: sentBefore(),
  }
}
