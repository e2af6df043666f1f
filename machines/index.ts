export {
  attemptOfRetry,
  attemptOfRows,
  fileKinds,
  lacksAnnouncedFile,
  wasCancelled,
  wasCutShort,
  type FileFact,
  type FileKind,
  type ReportedCounts,
  type SubmissionState,
  type TripleFacts,
} from './facts.js'
export {
  batchErrorFileProcessingOperations,
  batchFileReconciliationOperations,
  type BatchErrorFileProcessingOperation,
  type BatchFileReconciliationOperation,
} from './operations.js'
export { recommendedOperations, type CourseOfAction } from './course-of-action.js'
export {
  adoptionRankOf,
  canBeCancelled,
  isCancelledStatus,
  isCutShortStatus,
  isEndedStatus,
  isFailedStatus,
  isKnownStatus,
  isRunningStatus,
  knownRemoteStatuses,
  type RemoteStatus,
} from './remote-status.js'
export { lateAnswers } from './late-answers.js'
export { isTooLargeAlone, roomBackoff, speaksOfRoom, waitingForRoom, type Refusal } from './no-room.js'
export {
  onlineVerdict,
  publicationWindowMs,
  unknownStatusWarning,
  type OnlineLook,
  type ReportedBatch,
  type ReportedError,
} from './online-verdict.js'
export {
  canHear,
  doneState,
  failedState,
  firstState,
  hasAskedServer,
  isBackingOff,
  isDoneState,
  isParkedState,
  isWaitingForBatch,
  isWaitingForRoom,
  isWaitingForServer,
  needsPersonState,
  topStateOf,
  wakeOf,
  type TripleTag,
  type WakeType,
} from './state-paths.js'
export { laterTryOf, type LaterTry } from './triple/later-try.js'
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
  OnlineStepInput,
  OnlineVerdict,
  ProcessResult,
  RetryResult,
  StepInput,
  SubmitResult,
  WantedFiles,
} from './steps.js'
export {
  noTokens,
  sumOfTokens,
  sumOfTotals,
  tokenKinds,
  type TokenCounts,
  type TokenTotals,
} from './tokens.js'
export { backoffDelayMs, jitterOf, longestDelayMs, seedOf, type BackoffLimits } from './backoff.js'
export { courseOf, decisionFor, type Course, type Decision } from './triple/decision.js'
export {
  defaultTripleLimits,
  type StepFailures,
  type TripleContext,
  type TripleLimits,
  type TripleMachineInput,
} from './triple/context.js'
export type { TripleEvent } from './triple/setup.js'
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
export { outcomeOf, outcomeTypeAt, statePathOf, type TripleOutcome } from './outcome.js'
