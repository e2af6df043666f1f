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
  countFieldOf,
  noRows,
  rowClasses,
  rowClassesThat,
  rowClassTraits,
  rowCountsFrom,
  sumOfRows,
  traitsOf,
  type RowClass,
  type RowClassTraits,
  type RowCounts,
  type RowRetry,
} from './row-classes.js'
export type {
  AccountingCounts,
  CheckVerdict,
  OnlineVerdict,
  ProcessResult,
  RetryResult,
  StepInput,
  SubmitResult,
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
