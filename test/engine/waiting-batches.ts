import type { BatchProvider, RemoteBatch } from '../../src/index.js'
import { requestLine } from './lines.js'

/** A batch the server works on. */
export const remoteBatch = (batchId: string, more: Partial<RemoteBatch> = {}): RemoteBatch => ({
  batchId,
  status: 'in_progress',
  inputFileId: null,
  outputFileId: null,
  errorFileId: null,
  requestCounts: null,
  errors: [],
  endpoint: '/v1/chat/completions',
  createdAtMs: null,
  expiresAtMs: null,
  metadata: {},
  ...more,
})

/** A provider that only tells statuses, through `tell`; it notes for how many it was asked each time. */
export function tellingProvider(
  tell: (batchId: string) => RemoteBatch | null | undefined,
): BatchProvider & { readonly asked: number[] } {
  const asked: number[] = []
  return {
    name: 'telling',
    limits: { maxRequests: 10, maxInputBytes: 1_000, maxEmbeddingInputs: 10 },
    minPollDelayMs: 0,
    submit: never,
    find: never,
    download: never,
    cancel: never,
    asked,
    status: async (batchIds) => {
      asked.push(batchIds.length)
      const found = new Map<string, RemoteBatch | null>()
      for (const batchId of batchIds) {
        const batch = tell(batchId)
        if (batch !== undefined) found.set(batchId, batch)
      }
      return found
    },
  }
}

function never(): never {
  throw new Error('Nothing but statuses is asked for here.')
}

/** The files of triples 1 to `count`, each waiting for the batch `batch-<index>`. */
export function waitingFiles(count: number): Readonly<Record<string, string>> {
  const files: Record<string, string> = {}
  for (let index = 1; index <= count; index += 1) {
    files[`workdir/batch_input_${index}.jsonl`] = `${requestLine('a')}\n`
    const metadata = { batch_id: `batch-${index}`, input_file_id: 'file-1', remote_status: 'in_progress' }
    files[`workdir/batch_metadata_${index}.jsonl`] = `${JSON.stringify(metadata)}\n`
  }
  return files
}
