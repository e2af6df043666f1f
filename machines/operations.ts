/** The 13 reconciliation steps, with the seed's names. */
export const batchFileReconciliationOperations = [
  'EnsureInputRequestIdsMatchErrorRequestIds',
  'EnsureInputRequestIdsMatchOutputRequestIds',
  'EnsureInputRequestIdsMatchOutputRequestIdsCombinedWithErrorRequestIds',
  'ProcessBatchErrorFile',
  'ProcessBatchOutputFile',
  'MoveBatchInputAndErrorToTheDoneDirectory',
  'MoveBatchInputAndOutputToTheDoneDirectory',
  'MoveBatchTripleToTheDoneDirectory',
  'CheckForBatchOutputAndErrorFileOnline',
  'RecalculateRecommendedCourseOfActionIfTripleChanged',
  'CheckForBatchErrorFileOnline',
  'DownloadBatchOutputAndMaybeErrorFileOnline',
  'DownloadBatchOutputFileOnline',
] as const

export type BatchFileReconciliationOperation = (typeof batchFileReconciliationOperations)[number]

/** What happens to an error file; both are real here (the seed's second one was empty). */
export const batchErrorFileProcessingOperations = ['LogErrors', 'RetryFailedRequests'] as const
export type BatchErrorFileProcessingOperation = (typeof batchErrorFileProcessingOperations)[number]
