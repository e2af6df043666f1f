/** What is said of a worker beside what every run is told. */
export interface WorkerOptions {
  /** Between two looks over the folder, all workers together, in milliseconds; 5 seconds unless set. */
  readonly lookDelayMs?: number | undefined
  /** After so long without a sign of life others take over what this worker had, in milliseconds; a minute unless set. */
  readonly leaseMs?: number | undefined
  /** Batches at the server at once, of all workers of the account. No bound unless set. */
  readonly maxOpenBatches?: number | undefined
  /** Requests in batches at the server at once, of all workers of the account; one batch may always be there. */
  readonly maxOpenRequests?: number | undefined
  /** Batches that all workers of the account create within a minute. No bound unless set. */
  readonly maxCreationsPerMinute?: number | undefined
  /** End when every triple is settled, instead of staying until the signal fires. Off unless set. */
  readonly shouldEnd?: boolean | undefined
}
