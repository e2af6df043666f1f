import { getNextTransitions, type EventObject } from 'xstate'
import type { OnlineVerdict, Problem, TripleSnapshot } from '../../machines/index.js'
import {
  accounted,
  factsOf,
  idsMissing,
  lasting,
  mismatch,
  passing,
  rows,
  type Notes,
  type StepName,
  type StepOutputs,
} from './harness.js'

const submitted: Notes = { submission: 'submitted', batchId: 'batch_1', remoteStatus: 'in_progress' }
const endedWithBoth: Notes = {
  ...submitted,
  remoteStatus: 'completed',
  outputFileId: 'file-output',
  errorFileId: 'file-error',
}
const problem: Problem = { code: 'BatchFailed', message: 'Refused.' }
const tooLarge = { refusals: 2, othersUnderWay: 0 }
const online = (type: 'still-processing' | 'files-ready' | 'nothing-more', remoteStatus: string) =>
  ({ type, remoteStatus }) as OnlineVerdict

/** A bounded set of what each step may give, one value for each way the machine can go on. */
export const stepOutcomes: { readonly [Name in StepName]: readonly StepOutputs[Name][] } = {
  surveyTriple: [
    factsOf('M'),
    factsOf('O'),
    factsOf('I'),
    factsOf('IM', { submission: 'intended' }),
    factsOf('IM', submitted),
    factsOf('IM', { submission: 'intended', splitParts: 2 }),
    factsOf('IM', { submission: 'none', isCancelWanted: true }),
    factsOf('IOM', submitted),
    factsOf('IOM', endedWithBoth),
    factsOf('IEM', { ...endedWithBoth, outputFileId: null }),
    factsOf('IOEM', endedWithBoth),
    factsOf('ioM', { ...endedWithBoth, isMoveIntended: true }),
  ],
  submitBatch: [
    { type: 'submitted', batchId: 'batch_1' },
    { type: 'no-room', problem, refusal: null },
    { type: 'no-room', problem, refusal: tooLarge },
    { type: 'given-up' },
    { type: 'offline' },
  ],
  splitBatch: [undefined],
  checkOnline: [
    online('still-processing', 'in_progress'),
    online('files-ready', 'completed'),
    online('nothing-more', 'completed'),
    { type: 'not-published', remoteStatus: 'completed' },
    { type: 'not-published', remoteStatus: 'expired' },
    { type: 'no-room', problem, refusal: { refusals: 5, othersUnderWay: 1 } },
    { type: 'no-room', problem, refusal: tooLarge },
    { type: 'ended-badly', remoteStatus: 'failed', problem },
    { type: 'offline' },
  ],
  downloadFiles: [undefined],
  checkIds: [accounted(0), accounted(1), idsMissing, mismatch],
  processErrorFile: [rows(0), rows(1)],
  processOutputFile: [rows(0), rows(1)],
  retryFailedRequests: [{ retryIndex: '8', requests: 1 }],
  recordResults: [undefined],
  moveToDone: [undefined],
}

/** An event as the graph walks it. `output` and `error` are those of a step that ended. */
export interface ModelEvent extends EventObject {
  readonly output?: unknown
  readonly error?: unknown
  readonly actorId?: string
}

const doneStep = /^xstate\.done\.actor\.(\w+)$/
const failedStep = /^xstate\.error\.actor\.(\w+)$/

/** Everything that may happen in this state, with a bounded choice of outputs and errors. */
export function eventsIn(snapshot: TripleSnapshot): readonly ModelEvent[] {
  const types = new Set(getNextTransitions(snapshot).map(({ eventType }) => eventType))
  return [...types].flatMap(eventsOfType)
}

function eventsOfType(type: string): readonly ModelEvent[] {
  const step = doneStep.exec(type)?.[1]
  if (step !== undefined) {
    return stepOutcomes[step as StepName].map((output) => ({ type, output, actorId: step }))
  }
  const actorId = failedStep.exec(type)?.[1]
  if (actorId !== undefined) return [passing(), lasting()].map((error) => ({ type, error, actorId }))
  return [{ type }]
}

export type EventSource = 'step' | 'timer' | 'outside'

/** Who brings the event: a step of the triple, its own timer, or somebody outside. */
export function sourceOf({ type }: EventObject): EventSource {
  if (doneStep.test(type) || failedStep.test(type)) return 'step'
  return type.startsWith('xstate.after.') ? 'timer' : 'outside'
}
