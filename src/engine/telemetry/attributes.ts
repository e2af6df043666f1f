/** What spans and counters are found by. Nothing of requests, answers or keys is among it. */
export const attributeOf = {
  workspace: 'batch_reconciler.workspace',
  index: 'batch_reconciler.index',
  rootIndex: 'batch_reconciler.root_index',
  attempt: 'batch_reconciler.attempt',
  outcome: 'batch_reconciler.outcome',
  state: 'batch_reconciler.state',
  remoteStatus: 'batch_reconciler.remote_status',
  requestsSent: 'batch_reconciler.requests_sent',
  /** OpenTelemetry's own name for the kind of an error. */
  errorType: 'error.type',
} as const
