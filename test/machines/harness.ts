import { createActor, fromPromise, SimulatedClock } from 'xstate'
import {
  longestDelayMs,
  noRows,
  tripleMachine,
  type AccountingCounts,
  type CheckVerdict,
  type OnlineStepInput,
  type FileFact,
  type OnlineVerdict,
  type Problem,
  type ProcessResult,
  type RetryResult,
  type StepInput,
  type SubmitResult,
  type TripleActor,
  type TripleFacts,
  type TripleMachineInput,
  type TripleSnapshot,
} from '../../machines/index.js'

/** What each step gives; written out here so that a change of the contract is seen by a test. */
export interface StepOutputs {
  readonly surveyTriple: TripleFacts
  readonly submitBatch: SubmitResult
  readonly splitBatch: void
  readonly checkOnline: OnlineVerdict
  readonly downloadFiles: void
  readonly checkIds: CheckVerdict
  readonly processErrorFile: ProcessResult
  readonly processOutputFile: ProcessResult
  readonly retryFailedRequests: RetryResult
  readonly recordResults: void
  readonly moveToDone: void
}
export type StepName = keyof StepOutputs

export const stepNames = [
  'surveyTriple',
  'submitBatch',
  'splitBatch',
  'checkOnline',
  'downloadFiles',
  'checkIds',
  'processErrorFile',
  'processOutputFile',
  'retryFailedRequests',
  'recordResults',
  'moveToDone',
] as const satisfies readonly StepName[]

/** Told the step, how often it was called before, and its input; gives its output or throws. */
export type Respond = (step: StepName, earlierCalls: number, input: unknown) => unknown

export interface DrivenTriple {
  readonly actor: TripleActor
  readonly clock: RecordingClock
  /** Every step that ran, in order. */
  readonly ran: StepName[]
  readonly inputs: unknown[]
}

/** The real machine on a simulated clock; its actors ask `respond`. */
export function driveTriple(respond: Respond, input: Partial<TripleMachineInput> = {}): DrivenTriple {
  const ran: StepName[] = []
  const inputs: unknown[] = []
  const clock = new RecordingClock()
  const step = <Name extends StepName, Input = StepInput>(name: Name) =>
    fromPromise<StepOutputs[Name], Input>(async ({ input: given }) => {
      const earlierCalls = ran.filter((other) => other === name).length
      ran.push(name)
      inputs.push(given)
      return (await respond(name, earlierCalls, given)) as StepOutputs[Name]
    })
  const machine = tripleMachine.provide({
    actors: {
      surveyTriple: step<'surveyTriple', { readonly index: string }>('surveyTriple'),
      submitBatch: step('submitBatch'),
      splitBatch: step('splitBatch'),
      checkOnline: step('checkOnline'),
      downloadFiles: step<'downloadFiles', OnlineStepInput>('downloadFiles'),
      checkIds: step('checkIds'),
      processErrorFile: step('processErrorFile'),
      processOutputFile: step('processOutputFile'),
      retryFailedRequests: step('retryFailedRequests'),
      recordResults: step('recordResults'),
      moveToDone: step('moveToDone'),
    },
  })
  const actor = createActor(machine, { clock, input: { index: '7', ...input } })
  actor.start()
  return { actor, clock, ran, inputs }
}

/** Simulated time that remembers which delays were asked for. */
export class RecordingClock extends SimulatedClock {
  readonly delaysMs: number[] = []

  override setTimeout(callback: () => void, delayMs: number): number {
    this.delaysMs.push(delayMs)
    return super.setTimeout(callback, delayMs)
  }
}

/** Lets every promise that is already settled be noticed. */
export const flushPromises = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Runs until the triple rests, however long it wants to back off. */
export async function runToRest({ actor, clock }: DrivenTriple): Promise<TripleSnapshot> {
  for (let turn = 0; turn < 500; turn += 1) {
    await flushPromises()
    const snapshot = actor.getSnapshot()
    if (snapshot.status !== 'active' || snapshot.hasTag('resting')) return snapshot
    if (snapshot.hasTag('backing-off')) clock.increment(longestDelayMs)
  }
  throw new Error(`The triple never came to rest; it stands in ${JSON.stringify(actor.getSnapshot().value)}.`)
}

/** What an actor rejects with: an error that carries a problem. */
export class StepFailure extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

export const passing = (more: Partial<Problem> = {}): StepFailure =>
  new StepFailure({ code: 'NetworkError', message: 'The connection was cut.', isPassing: true, ...more })

export const lasting = (more: Partial<Problem> = {}): StepFailure =>
  new StepFailure({ code: 'DiskFull', message: 'No space is left.', ...more })

/** Notes of a batch, as its metadata file would say them. */
export type Notes = Partial<Omit<TripleFacts, 'input' | 'output' | 'error' | 'metadata' | 'index'>>

/**
 * Facts from letters: I, O, E, M stand for input, output, error and metadata file in `workdir/`,
 * the small letters for the same files in `done/`.
 */
export function factsOf(letters: string, notes: Notes = {}): TripleFacts {
  return {
    index: '7',
    input: fileOf('I', letters),
    output: fileOf('O', letters),
    error: fileOf('E', letters),
    metadata: fileOf('M', letters),
    batchId: null,
    remoteStatus: null,
    outputFileId: null,
    errorFileId: null,
    submission: 'none',
    requestCounts: null,
    submittedAtMs: null,
    dueAtMs: null,
    noRoomSinceMs: null,
    isCancelWanted: false,
    splitParts: null,
    isMissingAccepted: false,
    needsLeave: false,
    isMoveIntended: false,
    attempt: 1,
    parentIndex: null,
    rootIndex: '7',
    ...notes,
  }
}

const kindOf: Readonly<Record<string, string>> = { I: 'input', O: 'output', E: 'error', M: 'metadata' }

function fileOf(letter: string, letters: string): FileFact | null {
  const location = letters.includes(letter) ? 'workdir' : 'done'
  if (location === 'done' && !letters.includes(letter.toLowerCase())) return null
  return { path: `/workspace/${location}/batch_${kindOf[letter]}_7.jsonl`, bytes: 100, location }
}

export const countsOf = (more: Partial<AccountingCounts> = {}): AccountingCounts => ({
  input: 3,
  output: 3,
  error: 0,
  matched: 3,
  missing: 0,
  unknown: 0,
  duplicate: 0,
  inBoth: 0,
  unreadable: 0,
  conflicting: 0,
  ...more,
})

export const accounted = (notExecuted = 0): CheckVerdict => ({
  type: 'accounted',
  counts: countsOf({ missing: notExecuted }),
  notExecuted,
})

const idsProblem: Problem = { code: 'RequestIdsMismatch', message: '1 request has no answer.' }

export const idsMissing: CheckVerdict = {
  type: 'ids-missing',
  counts: countsOf({ matched: 2, missing: 1 }),
  problem: idsProblem,
}

export const mismatch: CheckVerdict = {
  type: 'mismatch',
  counts: countsOf({ unknown: 1 }),
  problem: { code: 'RequestIdsMismatch', message: '1 answer belongs to no request.' },
}

export const rows = (retryable = 0): ProcessResult => ({ rows: { ...noRows, success: 1, retryable } })
