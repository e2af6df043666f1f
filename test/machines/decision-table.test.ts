import { describe, expect, test } from 'vitest'
import {
  outcomeOf,
  statePathOf,
  type CheckVerdict,
  type OnlineVerdict,
  type TripleMachineInput,
} from '../../machines/index.js'
import {
  accounted,
  countsOf,
  driveTriple,
  factsOf,
  idsMissing,
  lasting,
  mismatch,
  rows,
  runToRest,
  StepFailure,
  type Notes,
  type Respond,
  type StepName,
} from './harness.js'

/**
 * What stands on disk and what the server and the check say, beside where the triple has to come to rest.
 * The last three columns are written by hand from the design (§3 to §5); nothing of them is computed.
 */
interface Row {
  readonly why: string
  /** Files at each survey, the last one standing for all later ones; letters as in `factsOf`. */
  readonly files: readonly string[]
  /** Metadata at each survey. */
  readonly notes?: readonly Notes[]
  readonly maySubmit?: boolean
  readonly maySubmitRetries?: boolean
  readonly submit?: unknown
  readonly split?: Error
  readonly online?: readonly OnlineVerdict[]
  readonly check?: readonly CheckVerdict[]
  readonly retryable?: number
  readonly download?: Error
  readonly move?: Error
  /** Steps in order, a letter each: see `letterOf`. */
  readonly steps: string
  readonly state: string
  /** Outcome type, with the problem's code where there is one. */
  readonly outcome: string
}

const letterOf: Record<StepName, string> = {
  surveyTriple: 'S',
  submitBatch: 'B',
  splitBatch: 'X',
  checkOnline: 'C',
  downloadFiles: 'D',
  checkIds: 'I',
  processErrorFile: 'E',
  processOutputFile: 'O',
  retryFailedRequests: 'R',
  recordResults: 'P',
  moveToDone: 'M',
}

const intended: Notes = { submission: 'intended' }
const submitted: Notes = { submission: 'submitted', batchId: 'batch_1', remoteStatus: 'in_progress' }
const ended = (output: boolean, error: boolean, remoteStatus = 'completed'): Notes => ({
  ...submitted,
  remoteStatus,
  outputFileId: output ? 'file-output' : null,
  errorFileId: error ? 'file-error' : null,
})
const moveIntended: Notes = { ...ended(true, true), isMoveIntended: true }

const retryNotes: Notes = { attempt: 2, parentIndex: '6', rootIndex: '6' }

const working: OnlineVerdict = { type: 'still-processing', remoteStatus: 'in_progress' }
const ready: OnlineVerdict = { type: 'files-ready', remoteStatus: 'completed' }
const nothingMore: OnlineVerdict = { type: 'nothing-more', remoteStatus: 'completed' }
const offline: OnlineVerdict = { type: 'offline' }
const unpublished = (remoteStatus: string): OnlineVerdict => ({ type: 'not-published', remoteStatus })
const noRoom = {
  type: 'no-room',
  problem: { code: 'BatchFailed', message: 'token_limit_exceeded', isPassing: true },
  refusal: { refusals: 1, othersUnderWay: 0 },
} as const
const refusedAgain = (othersUnderWay: number) =>
  ({ ...noRoom, refusal: { refusals: 2, othersUnderWay } }) as const
const cancelWanted: Notes = { isCancelWanted: true }
const split: Notes = { submission: 'intended', splitParts: 2 }

const conflict: CheckVerdict = {
  type: 'mismatch',
  counts: countsOf({ conflicting: 1 }),
  problem: { code: 'ConflictingAnswers', message: 'Two answers for one id.', needsPerson: true },
}

const noFiles = 'needs-attention NoBatchFileTripleAtIndex'
const noInput = 'needs-attention MissingBatchInputFileButOthersExist'
const badIds = 'failed RequestIdsMismatch'
const waiting = 'awaiting-online-files.waiting'

// oxfmt-ignore
const table: readonly Row[] = [
  // No input, output or error file; output or error without input.
  { why: 'only metadata', files: ['M'], steps: 'S', state: 'failed', outcome: noFiles },
  { why: 'nothing at all', files: [''], steps: 'S', state: 'failed', outcome: noFiles },
  { why: 'only metadata of a submitted batch', files: ['M'], notes: [submitted], steps: 'S', state: 'failed', outcome: noFiles },
  { why: 'output alone', files: ['O'], steps: 'S', state: 'missing-input', outcome: noInput },
  { why: 'error alone', files: ['E'], steps: 'S', state: 'missing-input', outcome: noInput },
  { why: 'output and error', files: ['OE'], steps: 'S', state: 'missing-input', outcome: noInput },
  { why: 'output and metadata of an ended batch', files: ['OM'], notes: [ended(true, false)], steps: 'S', state: 'missing-input', outcome: noInput },
  { why: 'output with the error file announced', files: ['OM'], notes: [ended(true, true)], steps: 'S', state: 'missing-input', outcome: noInput },
  { why: 'output in done, no input anywhere', files: ['oM'], steps: 'S', state: 'missing-input', outcome: noInput },

  // Input alone, never submitted.
  { why: 'input without leave', files: ['I'], steps: 'S', state: 'submitting.waiting-for-leave', outcome: 'not-submitted' },
  { why: 'input and empty metadata without leave', files: ['IM'], steps: 'S', state: 'submitting.waiting-for-leave', outcome: 'not-submitted' },
  { why: 'input with leave', files: ['I', 'IM'], notes: [{}, submitted], maySubmit: true, online: [working], steps: 'SBSC', state: waiting, outcome: 'pending' },
  { why: 'a submission an earlier run began needs no new leave', files: ['IM'], notes: [intended, submitted], online: [working], steps: 'SBSC', state: waiting, outcome: 'pending' },
  { why: 'a begun submission, offline', files: ['IM'], notes: [intended], submit: offline, steps: 'SB', state: 'submitting.waiting-for-leave', outcome: 'not-submitted' },
  { why: 'a retry, whose money was granted with the first attempt', files: ['IM'], notes: [retryNotes, { ...retryNotes, ...submitted }], online: [working], steps: 'SBSC', state: waiting, outcome: 'pending' },
  { why: 'a retry in a run that may not send retries', files: ['IM'], notes: [retryNotes], maySubmitRetries: false, steps: 'S', state: 'submitting.waiting-for-leave', outcome: 'not-submitted' },
  { why: 'no room at the server', files: ['I'], maySubmit: true, submit: noRoom, steps: 'SB', state: 'submitting.waiting-for-room', outcome: 'pending BatchFailed' },
  { why: 'a submission that is refused', files: ['I'], maySubmit: true, submit: lasting({ code: 'BatchFailed' }), steps: 'SB', state: 'failed', outcome: 'failed BatchFailed' },

  // Input alone, submitted.
  { why: 'the server still works', files: ['IM'], notes: [submitted], online: [working], steps: 'SC', state: waiting, outcome: 'pending' },
  { why: 'metadata of the seed: an id and no status', files: ['IM'], notes: [{ ...submitted, remoteStatus: null }], online: [working], steps: 'SC', state: waiting, outcome: 'pending' },
  { why: 'a status nobody knows', files: ['IM'], notes: [submitted], online: [{ type: 'still-processing', remoteStatus: 'paused' }], steps: 'SC', state: waiting, outcome: 'pending' },
  { why: 'no server in this run', files: ['IM'], notes: [submitted], online: [offline], steps: 'SC', state: waiting, outcome: 'pending' },
  { why: 'completed with an output file', files: ['IM', 'IOM'], notes: [submitted, ended(true, false)], online: [ready], steps: 'SCDSIOPM', state: 'done', outcome: 'done' },
  { why: 'completed with an error file', files: ['IM', 'IEM'], notes: [submitted, ended(false, true)], online: [ready], steps: 'SCDSIEPM', state: 'done', outcome: 'done' },
  { why: 'completed with both files', files: ['IM', 'IOEM'], notes: [submitted, ended(true, true)], online: [ready], steps: 'SCDSIEOPM', state: 'done', outcome: 'done' },
  { why: 'expired with both files', files: ['IM', 'IOEM'], notes: [submitted, ended(true, true, 'expired')], online: [{ type: 'files-ready', remoteStatus: 'expired' }], check: [accounted(1)], retryable: 1, steps: 'SCDSIEORPM', state: 'done', outcome: 'done' },
  { why: 'cancelled with an output file: nothing is sent again by itself', files: ['IM', 'IOM'], notes: [submitted, ended(true, false, 'cancelled')], online: [{ type: 'files-ready', remoteStatus: 'cancelled' }], check: [accounted(1)], retryable: 1, steps: 'SCDSIEOPM', state: 'done', outcome: 'done' },
  { why: 'ended in an earlier run, nothing fetched yet', files: ['IM', 'IOM'], notes: [ended(true, false)], online: [ready], steps: 'SCDSIOPM', state: 'done', outcome: 'done' },
  { why: 'expired and never publishes a file: nothing was executed', files: ['IM'], notes: [submitted], online: [unpublished('expired')], check: [accounted(3)], retryable: 3, steps: 'SCCCCIERPM', state: 'done', outcome: 'done' },
  { why: 'cancelled and never publishes a file', files: ['IM'], notes: [submitted], online: [unpublished('cancelled')], check: [accounted(3)], retryable: 3, steps: 'SCCCCIEPM', state: 'done', outcome: 'done' },
  { why: 'completed and never publishes a file', files: ['IM'], notes: [submitted], online: [unpublished('completed')], steps: 'SCCCC', state: 'failed', outcome: 'needs-attention BatchEndedWithoutFiles' },
  { why: 'completed and publishes late', files: ['IM', 'IOM'], notes: [submitted, ended(true, false)], online: [unpublished('completed'), ready], steps: 'SCCDSIOPM', state: 'done', outcome: 'done' },
  { why: 'failed at the server', files: ['IM'], notes: [submitted], online: [{ type: 'ended-badly', remoteStatus: 'failed', problem: { code: 'BatchFailed', message: 'Line 2 is no JSON.' } }], steps: 'SC', state: 'failed', outcome: 'failed BatchFailed' },
  { why: 'failed at the server for want of room', files: ['IM'], notes: [submitted], online: [noRoom], steps: 'SC', state: 'submitting.waiting-for-room', outcome: 'pending BatchFailed' },
  { why: 'files gone from the server', files: ['IM'], notes: [submitted], online: [ready], download: new StepFailure({ code: 'BatchFilesGone', message: 'Both files have expired.', needsPerson: true }), steps: 'SCD', state: 'failed', outcome: 'needs-attention BatchFilesGone' },

  // Somebody wants it to stop.
  { why: 'cancelling is still under way', files: ['IM'], notes: [{ ...submitted, ...cancelWanted }], online: [{ type: 'still-processing', remoteStatus: 'cancelling' }], steps: 'SC', state: waiting, outcome: 'pending' },
  { why: 'cancelled here, and had completed before: what failed is not sent again', files: ['IM', 'IOM'], notes: [{ ...submitted, ...cancelWanted }, { ...ended(true, false), ...cancelWanted }], online: [ready], retryable: 2, steps: 'SCDSIOPM', state: 'done', outcome: 'done' },
  { why: 'cancelled here, and expired', files: ['IOM'], notes: [{ ...ended(true, false, 'expired'), ...cancelWanted }], check: [accounted(1)], retryable: 1, steps: 'SIEOPM', state: 'done', outcome: 'done' },
  { why: 'cancelled while its submission was in doubt, and a batch was found', files: ['IM'], notes: [{ ...intended, ...cancelWanted }, { ...submitted, ...cancelWanted }], online: [{ type: 'still-processing', remoteStatus: 'cancelling' }], steps: 'SBSC', state: waiting, outcome: 'pending' },
  { why: 'cancelled while its submission was in doubt, and there was none', files: ['IM'], notes: [{ ...intended, ...cancelWanted }], submit: { type: 'given-up' }, steps: 'SB', state: 'submitting.waiting-for-leave', outcome: 'not-submitted' },
  { why: 'cancelled before it was sent, in a run that may send', files: ['IM'], notes: [cancelWanted], maySubmit: true, steps: 'S', state: 'submitting.waiting-for-leave', outcome: 'not-submitted' },
  { why: 'a retry that was cancelled before it was sent', files: ['IM'], notes: [{ ...retryNotes, ...cancelWanted }], steps: 'S', state: 'submitting.waiting-for-leave', outcome: 'not-submitted' },

  // The server has no room.
  { why: 'refused again at creation while others run', files: ['IM'], notes: [intended], submit: refusedAgain(1), steps: 'SB', state: 'submitting.waiting-for-room', outcome: 'pending BatchFailed' },
  { why: 'refused again at creation, alone: split', files: ['IM'], notes: [intended, split], submit: refusedAgain(0), check: [accounted(3)], retryable: 3, steps: 'SBXSIERPM', state: 'done', outcome: 'done' },
  { why: 'failed again for want of room while others run', files: ['IM'], notes: [submitted], online: [refusedAgain(3)], steps: 'SC', state: 'submitting.waiting-for-room', outcome: 'pending BatchFailed' },
  { why: 'failed again for want of room, alone: split', files: ['IM'], notes: [submitted, split], online: [refusedAgain(0)], check: [accounted(3)], retryable: 3, steps: 'SCXSIERPM', state: 'done', outcome: 'done' },
  { why: 'refused again, alone, and somebody has cancelled it: no split', files: ['IM'], notes: [{ ...submitted, ...cancelWanted }], online: [refusedAgain(0)], steps: 'SC', state: 'submitting.waiting-for-room', outcome: 'pending BatchFailed' },
  { why: 'one request alone is too large', files: ['IM'], notes: [intended], submit: refusedAgain(0), split: lasting({ code: 'BatchFailed', needsPerson: true }), steps: 'SBX', state: 'failed', outcome: 'needs-attention BatchFailed' },
  { why: 'split in an earlier run', files: ['IM'], notes: [split], check: [accounted(3)], retryable: 3, steps: 'SIERPM', state: 'done', outcome: 'done' },
  { why: 'split in the last attempt costs none', files: ['IM'], notes: [{ ...split, attempt: 3 }], check: [accounted(3)], retryable: 3, steps: 'SIERPM', state: 'done', outcome: 'done' },

  // Answers are here and add up.
  { why: 'input and output', files: ['IO'], steps: 'SIOPM', state: 'done', outcome: 'done' },
  { why: 'input and error', files: ['IE'], steps: 'SIEPM', state: 'done', outcome: 'done' },
  { why: 'all three', files: ['IOE'], steps: 'SIEOPM', state: 'done', outcome: 'done' },
  { why: 'all three with metadata', files: ['IOEM'], notes: [ended(true, true)], steps: 'SIEOPM', state: 'done', outcome: 'done' },
  { why: 'all three while a submission is only intended', files: ['IOEM'], notes: [intended], steps: 'SIEOPM', state: 'done', outcome: 'done' },
  { why: 'output here while the batch is said to run', files: ['IOM'], notes: [submitted], steps: 'SIOPM', state: 'done', outcome: 'done' },
  { why: 'output rows to send again', files: ['IO'], retryable: 2, steps: 'SIORPM', state: 'done', outcome: 'done' },
  { why: 'error rows to send again', files: ['IE'], retryable: 2, steps: 'SIERPM', state: 'done', outcome: 'done' },
  { why: 'rows to send again in both files', files: ['IOE'], retryable: 2, steps: 'SIEORPM', state: 'done', outcome: 'done' },
  { why: 'rows to send again at the last attempt', files: ['IOEM'], notes: [{ ...ended(true, true), attempt: 3 }], retryable: 2, steps: 'SIEOPM', state: 'done', outcome: 'done' },

  // Answers are here and do not add up.
  { why: 'input and output differ', files: ['IO'], check: [mismatch], steps: 'SI', state: 'failed', outcome: badIds },
  { why: 'input and error differ', files: ['IE'], check: [mismatch], steps: 'SI', state: 'failed', outcome: badIds },
  { why: 'all three differ', files: ['IOE'], check: [mismatch], steps: 'SI', state: 'failed', outcome: badIds },
  { why: 'they differ and there is a batch: asking again cannot explain an unknown id', files: ['IOM'], notes: [ended(true, false)], check: [mismatch], steps: 'SI', state: 'failed', outcome: badIds },
  { why: 'two answers contradict each other', files: ['IO'], check: [conflict], steps: 'SI', state: 'failed', outcome: 'needs-attention ConflictingAnswers' },
  { why: 'ids missing and no batch to ask', files: ['IO'], check: [idsMissing], steps: 'SI', state: 'failed', outcome: badIds },
  { why: 'ids missing and the server has nothing more', files: ['IOM'], notes: [ended(true, false)], check: [idsMissing], online: [nothingMore], steps: 'SIC', state: 'failed', outcome: badIds },
  { why: 'ids missing and no server in this run', files: ['IOM'], notes: [ended(true, false)], check: [idsMissing], online: [offline], steps: 'SIC', state: 'failed', outcome: badIds },
  { why: 'ids missing until the files are fetched anew', files: ['IOM'], notes: [ended(true, false)], check: [idsMissing, accounted()], online: [ready], steps: 'SICDSIOPM', state: 'done', outcome: 'done' },
  { why: 'ids missing until the error file comes', files: ['IOM', 'IOEM'], notes: [{ ...submitted, remoteStatus: null }, ended(true, true)], check: [idsMissing, accounted()], online: [ready], steps: 'SICDSIEOPM', state: 'done', outcome: 'done' },
  { why: 'ids missing while the server still works', files: ['IOM'], notes: [submitted], check: [idsMissing], online: [working], steps: 'SIC', state: waiting, outcome: 'pending' },

  // One file is here, the server announced another.
  { why: 'error file announced and absent', files: ['IOM', 'IOEM'], notes: [ended(true, true)], online: [ready], steps: 'SCDSIEOPM', state: 'done', outcome: 'done' },
  { why: 'output file announced and absent', files: ['IEM', 'IOEM'], notes: [ended(true, true)], online: [ready], steps: 'SCDSIEOPM', state: 'done', outcome: 'done' },
  { why: 'error file announced and absent, offline', files: ['IOM'], notes: [ended(true, true)], online: [offline], steps: 'SC', state: waiting, outcome: 'pending' },
  { why: 'the announcement was taken back', files: ['IOM'], notes: [ended(true, true)], online: [nothingMore], steps: 'SCIOPM', state: 'done', outcome: 'done' },

  // Moves that were cut short.
  { why: 'move intended, nothing moved', files: ['IOEM'], notes: [moveIntended], steps: 'SM', state: 'done', outcome: 'done' },
  { why: 'move intended, input moved', files: ['iOEM'], notes: [moveIntended], steps: 'SM', state: 'done', outcome: 'done' },
  { why: 'move intended, input and output moved', files: ['ioEM'], notes: [moveIntended], steps: 'SM', state: 'done', outcome: 'done' },
  { why: 'move intended, only metadata left', files: ['ioeM'], notes: [moveIntended], steps: 'SM', state: 'done', outcome: 'done' },
  { why: 'no intent, only metadata left, as the seed leaves it: proved like any other', files: ['ioM'], notes: [ended(true, false)], steps: 'SIOPM', state: 'done', outcome: 'done' },
  { why: 'no intent, archived by hand, and the ids differ', files: ['ioM'], notes: [ended(true, false)], check: [mismatch], steps: 'SI', state: 'failed', outcome: badIds },
  { why: 'no intent, error file archived, only metadata left', files: ['ieM'], notes: [ended(false, true)], steps: 'SIEPM', state: 'done', outcome: 'done' },
  { why: 'no intent, the seed stopped after the input: proved again before the move', files: ['iOE'], steps: 'SIEOPM', state: 'done', outcome: 'done' },
  { why: 'no intent, output archived before the input', files: ['IoM'], notes: [ended(true, false)], steps: 'SIOPM', state: 'done', outcome: 'done' },
  { why: 'input archived, answers gone, the batch is known', files: ['iM'], notes: [ended(true, false)], online: [working], steps: 'SC', state: waiting, outcome: 'pending' },
  { why: 'other bytes stand in done', files: ['IO'], move: new StepFailure({ code: 'DoneFileConflict', message: 'done/ holds other bytes.', needsPerson: true }), steps: 'SIOPM', state: 'failed', outcome: 'needs-attention DoneFileConflict' },
  { why: 'other bytes stand in done when the move is finished', files: ['IOM'], notes: [moveIntended], move: new StepFailure({ code: 'DoneFileConflict', message: 'done/ holds other bytes.', needsPerson: true }), steps: 'SM', state: 'failed', outcome: 'needs-attention DoneFileConflict' },
]

describe('where a triple comes to rest', () => {
  test.each(table)('$files $why: $state, $outcome', async (row) => {
    const triple = driveTriple(answersOf(row), leaveOf(row))
    const snapshot = await runToRest(triple)
    expect({
      steps: triple.ran.map((step) => letterOf[step]).join(''),
      state: statePathOf(snapshot),
      outcome: outcomeText(snapshot),
    }).toEqual({ steps: row.steps, state: row.state, outcome: row.outcome })
  })

  test('every row says something of its own', () => {
    expect(new Set(table.map((row) => row.why)).size).toBe(table.length)
  })
})

function leaveOf({ maySubmit = false, maySubmitRetries = true }: Row): Partial<TripleMachineInput> {
  return { maySubmit, maySubmitRetries }
}

function answersOf(row: Row): Respond {
  const answers: Record<StepName, (nth: number) => unknown> = {
    surveyTriple: (nth) => factsOf(pick(row.files, nth), pick(row.notes ?? [{}], nth)),
    submitBatch: () => row.submit ?? { type: 'submitted', batchId: 'batch_1' },
    splitBatch: () => row.split,
    checkOnline: (nth) => pick(row.online ?? [], nth),
    downloadFiles: () => row.download,
    checkIds: (nth) => pick(row.check ?? [accounted()], nth),
    processErrorFile: () => rows(row.retryable),
    processOutputFile: () => rows(row.retryable),
    retryFailedRequests: () => ({ retryIndex: '8', requests: 1 }),
    recordResults: () => undefined,
    moveToDone: () => row.move,
  }
  return (step, nth) => orThrow(answers[step](nth))
}

/** The entry for this call, or the last one. A row that names none did not expect the call. */
function pick<Value>(values: readonly Value[], nth: number): Value {
  const value = values[Math.min(nth, values.length - 1)]
  if (value === undefined) throw new Error('The row has no answer for this step.')
  return value
}

function orThrow(answer: unknown): unknown {
  if (answer instanceof Error) throw answer
  return answer
}

function outcomeText(snapshot: Awaited<ReturnType<typeof runToRest>>): string {
  const outcome = outcomeOf(snapshot)
  const problem = 'problem' in outcome ? outcome.problem : null
  return problem === null ? outcome.type : `${outcome.type} ${problem.code}`
}
