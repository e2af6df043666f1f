import type { RemoteBatch } from '../providers/batch-provider.js'
import type { RequestsFileReport } from '../providers/validate-input.js'
import { readMetadata, updateMetadata, type SubmissionIntent } from '../workspace/metadata.js'
import type { TripleDependencies } from './dependencies.js'

/** Whose submission it is, and where its metadata stands (absolute path). */
export interface SubmissionPlace {
  readonly index: string
  readonly path: string
}

/** The intent: from here on a crash is resumed, not started anew. */
export async function noteIntent(
  { workspace }: TripleDependencies,
  { index, path }: SubmissionPlace,
  intent: SubmissionIntent,
  { parts, requestCount }: RequestsFileReport,
  inputSha256: string,
): Promise<void> {
  const current = await readMetadata(workspace, path)
  await updateMetadata(workspace, path, {
    input_sha256: inputSha256,
    endpoint: parts[0]?.url ?? null,
    model: parts[0]?.model ?? null,
    request_count: requestCount,
    attempt: current?.attempt ?? 1,
    root_index: current?.root_index ?? index,
    submission: { ...intent, input_sha256: inputSha256 },
  })
}

/** An upload, and when it was made by the server's own clock; `null` where the server does not say. */
export interface KnownUpload {
  readonly inputFileId: string
  readonly uploadedAtMs: number | null
}

/** The upload is known and the server is about to be asked: from here on a batch may exist. */
export async function noteAsked(
  { workspace, clock }: TripleDependencies,
  { path }: SubmissionPlace,
  { inputFileId, uploadedAtMs }: KnownUpload,
): Promise<void> {
  const submission = (await readMetadata(workspace, path))?.submission
  if (submission == null) throw new Error(`${path} lost its submission intent.`)
  await updateMetadata(workspace, path, {
    input_file_id: inputFileId,
    submission: {
      ...submission,
      input_file_id: inputFileId,
      uploaded_at_server_ms: uploadedAtMs,
      asked_at_ms: clock.now(),
      missing_since_server_ms: null,
    },
  })
}

/** No answer came: a server under load may still carry it out, so the time for it to show starts anew. */
export async function noteDoubt(
  { workspace, clock }: TripleDependencies,
  { path }: SubmissionPlace,
): Promise<void> {
  const submission = (await readMetadata(workspace, path))?.submission
  if (submission == null) return
  await updateMetadata(workspace, path, {
    submission: { ...submission, asked_at_ms: clock.now(), missing_since_server_ms: null },
  })
}

/** The server's list was seen without the batch, at this time of its own clock. */
export async function noteMissing(
  { workspace }: TripleDependencies,
  { path }: SubmissionPlace,
  serverNowMs: number,
): Promise<void> {
  const submission = (await readMetadata(workspace, path))?.submission
  if (submission == null) return
  await updateMetadata(workspace, path, {
    submission: { ...submission, missing_since_server_ms: serverNowMs },
  })
}

/** The server refused in so many words: no batch exists, and the upload can be used again. */
export async function noteRefusal(
  { workspace }: Pick<TripleDependencies, 'workspace'>,
  { path }: SubmissionPlace,
): Promise<void> {
  const submission = (await readMetadata(workspace, path))?.submission
  if (submission == null) return
  await updateMetadata(workspace, path, {
    submission: { ...submission, asked_at_ms: null, missing_since_server_ms: null },
  })
}

/** The batch exists. */
export async function noteBatch(
  { workspace, clock }: Pick<TripleDependencies, 'workspace' | 'clock'>,
  { path }: SubmissionPlace,
  providerName: string,
  batch: RemoteBatch,
): Promise<void> {
  const current = await readMetadata(workspace, path)
  await updateMetadata(workspace, path, {
    batch_id: batch.batchId,
    input_file_id: batch.inputFileId ?? current?.input_file_id ?? null,
    remote_status: batch.status,
    provider: providerName,
    submitted_at_ms: batch.createdAtMs ?? clock.now(),
  })
}

/** More than a server refuses within the time its list may lag. */
const mostRefusedIds = 500

/** The server had no room and ran nothing: the same upload is to become another batch. */
export async function noteNoRoom(
  { workspace }: TripleDependencies,
  { path }: SubmissionPlace,
): Promise<void> {
  const current = await readMetadata(workspace, path)
  if (current === null) return
  const submission = current.submission ?? null
  const refusedIds = [current.batch_id ?? [], submission?.refused_batch_ids ?? []].flat()
  await updateMetadata(workspace, path, {
    batch_id: null,
    remote_status: null,
    output_file_id: null,
    error_file_id: null,
    last_refused_batch_id: current.batch_id,
    submission: submission && {
      ...submission,
      asked_at_ms: null,
      missing_since_server_ms: null,
      refused_batch_ids: refusedIds.slice(0, mostRefusedIds),
    },
  })
}
