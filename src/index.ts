export {
  batchErrorFileProcessingOperations,
  batchFileReconciliationOperations,
  problemCodes,
  type AccountingCounts,
  type BatchErrorFileProcessingOperation,
  type BatchFileReconciliationOperation,
  type FileKind,
  type Problem,
  type ProblemCode,
  type RowCounts,
  type TripleFacts,
  type TripleLimits,
  type TripleOutcome,
} from '../machines/index.js'
export { systemClock, type Clock } from './clock.js'
export { BatchReconciliationError, isBatchReconciliationError } from './errors.js'
export { expectedContentTypes, type ExpectedContentType } from './accounting/rows/content.js'
export type { ReconciledRow } from './accounting/rows/evaluate-row.js'
export type { ErrorGroup } from './accounting/rows/error-groups.js'
export type { ResultLine } from './accounting/rows/result-line.js'
export type { ResultRow } from './accounting/rows/result-row.js'
export type { RowClass, RowError, RowSource } from './accounting/rows/row-class.js'
export type { ContentSchema } from './accounting/rows/schema.js'
export type { RowContext, RowDecision, RowProcessor } from './actors/processors.js'
export { acceptTriple, type AcceptOptions, type AcceptReport } from './engine/accept-triple.js'
export { adoptBatch, type AdoptReport } from './engine/adopt-batch.js'
export { cancelBatches, type CancellableTriple, type CancelReport } from './engine/cancel-batches.js'
export { confirmNoBatch, type NoBatchReport } from './engine/confirm-no-batch.js'
export { executeReconciliationOperation, type OperationResult } from './engine/execute-operation.js'
export type { ReconciliationEvent, ReportEvent } from './engine/events.js'
export type { ReconcileOptions, ReconcileWorkspaceOptions } from './engine/options.js'
export { planWorkspace, recommendedCourseOfAction, type PlanOptions } from './engine/plan-workspace.js'
export { reconcileTriple, reconcileUnprocessedBatchTriple } from './engine/reconcile-triple.js'
export { reconcileWorkspace } from './engine/reconcile-workspace.js'
export type {
  TriplePlan,
  TripleProof,
  TripleReport,
  TripleStatus,
  WorkspacePlan,
  WorkspaceReport,
  WorkspaceStatus,
} from './engine/report.js'
export {
  retryByHand,
  type RetriedRequests,
  type RetryByHandOptions,
  type RetryByHandReport,
} from './engine/retry-by-hand.js'
export {
  submitRequests,
  type ChangedBodies,
  type LeftOutRequests,
  type PreparedInput,
  type SubmitOptions,
  type SubmitReport,
} from './engine/submit-requests.js'
export { createTripleCommands, type TripleCommand, type TripleCommands } from './engine/triple-commands.js'
export { verifyWorkspace, type VerifyOptions } from './engine/verify-workspace.js'
export { watchWorkspace, type WatchOptions } from './engine/watch-workspace.js'
export { workspaceStatus } from './engine/workspace-status.js'
export type {
  BatchProvider,
  DownloadReceipt,
  FindQuery,
  FoundBatches,
  RemoteBatch,
  RemoteBatchError,
  RemoteRequestCounts,
  SubmitRequest,
} from './providers/batch-provider.js'
export type { InputLimits } from './providers/split-input.js'
export type { ServerQuirks } from './providers/openai/quirks.js'
export {
  openAiBatchProvider,
  type OpenAiBatchProvider,
  type OpenAiBatchProviderOptions,
  type OpenAiBatchProviderSettings,
} from './providers/openai/provider.js'
export {
  compareBatchIndices,
  newBatchIndex,
  parseBatchIndex,
  requireBatchIndex,
  type BatchIndex,
} from './workspace/batch-index.js'
export type { DirectoryEntry, FileStat, FileSystem, OpenFile } from './workspace/file-system.js'
export { findTriple, locateTriple } from './workspace/locate-triple.js'
export {
  readWorkspaceLock,
  removeWorkspaceLock,
  type LockHolder,
  type WorkspaceLockState,
} from './workspace/lock.js'
export { readMetadata, updateMetadata, writeMetadata, type BatchMetadata } from './workspace/metadata.js'
export { nodeFileSystem } from './workspace/node-file-system.js'
export {
  createTemporaryWorkspace,
  openWorkspace,
  type BatchWorkspace,
  type OpenWorkspaceOptions,
} from './workspace/open-workspace.js'
export { scanWorkspace, type ScanWarning, type WorkspaceScan } from './workspace/scan.js'
export type { BatchFileTriple } from './workspace/triple.js'
