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
export {
  cleanServer,
  type CleanedFile,
  type CleanedTriple,
  type CleanOptions,
  type CleanReport,
} from './engine/clean/clean-server.js'
export { confirmNoBatch, type NoBatchReport } from './engine/confirm-no-batch.js'
export { executeReconciliationOperation, type OperationResult } from './engine/execute-operation.js'
export type { BatchCost, BatchEstimate, InputEstimate } from './engine/batch-estimate.js'
export { estimateRequests, type EstimateOptions, type RequestsEstimate } from './engine/estimate-requests.js'
export type { ReconciliationEvent, ReportEvent } from './engine/events.js'
export { exportResults, type ExportOptions } from './engine/export/export-results.js'
export type { FieldTally } from './engine/export/fields.js'
export type { ExportFormat } from './engine/export/format.js'
export type { ExportReport } from './engine/export/write-export.js'
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
export { openSignals, type Signals } from './engine/signals/open-signals.js'
export type { SignalOptions } from './engine/signals/senders.js'
export { openWorkerSignals, type WorkerSignals } from './engine/signals/worker-signals.js'
export { openTelemetry, type Telemetry, type TelemetryOptions } from './engine/telemetry/open-telemetry.js'
export type { FailedLineage, FailedLineages } from './engine/failed-lineages.js'
export type { TripleWorker } from './engine/triple-story.js'
export type { UnconfirmedSubmission } from './engine/unconfirmed-submission.js'
export { workspaceStatus } from './engine/workspace-status.js'
export {
  importBatches,
  type ImportBatchesOptions,
  type ImportBatchesReport,
  type ImportedBatch,
} from './engine/import/import-batches.js'
export {
  importFiles,
  type ImportedFile,
  type ImportedTriple,
  type ImportOptions,
  type ImportReport,
} from './engine/import/import-files.js'
export {
  workspaceUsage,
  type LineageUsage,
  type UsageOptions,
  type WorkspaceUsage,
} from './engine/workspace-usage.js'
export { costOf, readPriceList, type PriceList } from './accounting/usage/price-list.js'
export { tokensOf } from './accounting/usage/token-counts.js'
export type { TokenCounts, TokenTotals } from '../machines/index.js'
export type { WorkspaceTokens } from './engine/workspace-tokens.js'
export type { ModelUsage, Usage } from './accounting/usage/usage-tally.js'
export type {
  BatchProvider,
  DeletedFile,
  DownloadReceipt,
  FindQuery,
  FoundBatches,
  RecentBatch,
  RecentQuery,
  RemoteBatch,
  RemoteBatchError,
  RemoteRequestCounts,
  SubmitRequest,
  TellFailure,
  UploadQuery,
  UploadUse,
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
