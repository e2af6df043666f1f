export {
  fileKinds,
  isCutShortStatus,
  isEndedStatus,
  lacksAnnouncedFile,
  type FileFact,
  type FileKind,
  type SubmissionState,
  type TripleFacts,
} from './facts.js'
export {
  batchErrorFileProcessingOperations,
  batchFileReconciliationOperations,
  recommendedOperations,
  type BatchErrorFileProcessingOperation,
  type BatchFileReconciliationOperation,
  type CourseOfAction,
} from './operations.js'
export { problemCodes, toProblem, type Problem, type ProblemCode } from './problem.js'
export {
  noRows,
  type AccountingCounts,
  type CheckVerdict,
  type OnlineVerdict,
  type ProcessResult,
  type RetryResult,
  type RowCounts,
  type StepInput,
  type SubmitResult,
} from './steps.js'
export { backoffDelayMs, jitterOf, longestDelayMs, seedOf, type BackoffLimits } from './backoff.js'
export { courseOf, type Course } from './triple/course.js'
export {
  defaultTripleLimits,
  type TripleContext,
  type TripleLimits,
  type TripleMachineInput,
} from './triple/context.js'
export type { OnlineStepInput, TripleEvent, TripleTag } from './triple/setup.js'
export { tripleMachine, type TripleActor, type TripleSnapshot } from './triple/triple.machine.js'
export {
  schedulerMachine,
  type SchedulerActor,
  type SchedulerContext,
  type SchedulerEvent,
  type SchedulerInput,
  type SchedulerSnapshot,
  type TripleAdmitted,
} from './scheduler.machine.js'
export { outcomeOf, statePathOf, type TripleOutcome } from './outcome.js'
