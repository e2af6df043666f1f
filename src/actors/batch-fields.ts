import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'

/** What the metadata keep of a batch: fields of `BatchMetadata`. Which batch it is, and when and where it was made. */
export function fieldsOfBatch(
  { name, account }: Pick<BatchProvider, 'name' | 'account'>,
  { batchId, status, createdAtMs, expiresAtMs }: RemoteBatch,
  nowMs: number,
) {
  return {
    batch_id: batchId,
    remote_status: status,
    provider: name,
    ...(account !== undefined && { account }),
    submitted_at_ms: createdAtMs ?? nowMs,
    expires_at_ms: expiresAtMs,
  }
}

/** How it stands. */
export function fieldsOfStatus(
  account: string | undefined,
  { status, outputFileId, errorFileId, requestCounts }: RemoteBatch,
) {
  return {
    remote_status: status,
    output_file_id: outputFileId,
    error_file_id: errorFileId,
    request_counts: requestCounts && { ...requestCounts },
    // Whoever knows the batch has its account, also by a key that took the place of another.
    ...(account !== undefined && { account }),
  }
}
