import {
  backoffDelayMs,
  jitterOf,
  roomBackoff,
  seedOf,
  type Problem,
  type Refusal,
} from '../../machines/index.js'
import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'
import type { RequestsFileReport } from '../providers/validate-input.js'
import {
  readMetadata,
  updateMetadata,
  type BatchMetadata,
  type SubmissionIntent,
} from '../workspace/metadata.js'
import { fieldsOfBatch } from './batch-fields.js'
import { countBatchesUnderWay } from './batches-under-way.js'
import type { TripleDependencies } from './dependencies.js'
import type { InputTokens } from './input-tokens.js'

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
  { report: { parts, requestCount, bound }, inputSha256, inputTokens }: CheckedInput,
): Promise<void> {
  const current = await readMetadata(workspace, path)
  await updateMetadata(workspace, path, {
    input_sha256: inputSha256,
    endpoint: parts[0]?.url ?? null,
    model: parts[0]?.model ?? null,
    request_count: requestCount,
    attempt: current?.attempt ?? 1,
    index,
    root_index: current?.root_index ?? index,
    submission: {
      ...intent,
      input_sha256: inputSha256,
      bound: {
        requests: bound.requests,
        input_tokens: bound.inputTokens,
        output_tokens: bound.outputTokens,
        unbounded_requests: bound.unbounded,
      },
      input_tokens: inputTokens?.tokens ?? null,
    },
  })
}

/** The input that is to be sent. */
export interface CheckedInput {
  readonly report: RequestsFileReport
  readonly inputSha256: string
  /** `null` where nobody asked for it. */
  readonly inputTokens: InputTokens | null
}

/** An upload, and when it was made by the server's own clock; `null` where the server does not say. */
export interface KnownUpload {
  readonly inputFileId: string
  readonly uploadedAtMs: number | null
  /** The account it was made in; `undefined` where the provider names none. */
  readonly account: string | undefined
}

/** The upload is known and the server is about to be asked: from here on a batch may exist. */
export async function noteAsked(
  { workspace, clock }: TripleDependencies,
  { path }: SubmissionPlace,
  { inputFileId, uploadedAtMs, account }: KnownUpload,
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
      ...(account !== undefined && { account }),
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
    submission: { ...submission, bound: null, asked_at_ms: null, missing_since_server_ms: null },
  })
}

/** The batch exists. */
export async function noteBatch(
  { workspace, clock }: Pick<TripleDependencies, 'workspace' | 'clock'>,
  { path }: SubmissionPlace,
  provider: Pick<BatchProvider, 'name' | 'account'>,
  batch: RemoteBatch,
): Promise<void> {
  const current = await readMetadata(workspace, path)
  await updateMetadata(workspace, path, {
    ...fieldsOfBatch(provider, batch, clock.now()),
    input_file_id: batch.inputFileId ?? current?.input_file_id ?? null,
  })
}

/** More than a server refuses within the time its list may lag. */
const mostRefusedIds = 500

/** What else is under way while a batch is sent that was refused before: its next refusal is judged by that. */
export async function noteOthers(
  { workspace }: TripleDependencies,
  { index, path }: SubmissionPlace,
): Promise<void> {
  const room = (await readMetadata(workspace, path))?.room
  if (room == null) return
  const others = await countBatchesUnderWay(workspace, index)
  await updateMetadata(workspace, path, { room: { ...room, others_under_way: others } })
}

/** The server had no room and ran nothing: the same upload is to become another batch, later and later. */
export async function noteNoRoom(
  { workspace, clock }: TripleDependencies,
  { index, path }: SubmissionPlace,
  { retryAfterMs }: Problem,
): Promise<Refusal> {
  const current = await readMetadata(workspace, path)
  if (current === null) throw new Error(`${path} is gone; the batch it spoke of was refused.`)
  const submission = current.submission ?? null
  const nowMs = clock.now()
  const refusals = (current.room?.refusals ?? 0) + 1
  const delayMs = backoffDelayMs(refusals, jitterOf(seedOf(index), refusals), roomBackoff, retryAfterMs)
  const refusedIds = [current.batch_id ?? [], submission?.refused_batch_ids ?? []].flat()
  await updateMetadata(workspace, path, {
    batch_id: null,
    remote_status: null,
    output_file_id: null,
    error_file_id: null,
    request_counts: null,
    last_refused_batch_id: current.batch_id ?? current.last_refused_batch_id,
    submission: submission && {
      ...submission,
      bound: null,
      asked_at_ms: null,
      missing_since_server_ms: null,
      refused_batch_ids: refusedIds.slice(0, mostRefusedIds),
    },
    room: { since_ms: current.room?.since_ms ?? nowMs, refusals, next_try_at_ms: nowMs + delayMs },
  })
  // The refusal speaks of the time between the two: a batch that has ended since may have filled the server then.
  const before = current.room?.others_under_way ?? 0
  return { refusals, othersUnderWay: Math.max(before, await countBatchesUnderWay(workspace, index)) }
}

/** Somebody cancelled it, and no batch came to be: the submission ends here, and nothing sends it by itself. */
export async function noteGivenUp(
  { workspace, clock }: TripleDependencies,
  { path }: SubmissionPlace,
): Promise<void> {
  await updateMetadata(workspace, path, {
    submission: null,
    ...(await cancelAnswered(workspace, path, clock)),
  })
}

/** Somebody wants the batch to stop: from here on every run asks the server for it. An earlier wish is kept. */
export async function noteCancelWanted(
  { workspace, clock }: Pick<TripleDependencies, 'workspace' | 'clock'>,
  path: string,
): Promise<void> {
  const cancel = (await readMetadata(workspace, path))?.cancel
  if (cancel == null) await updateMetadata(workspace, path, { cancel: { intended_at_ms: clock.now() } })
}

/** The server took the cancellation, or there was nothing left to cancel. */
export async function noteCancelAnswered(
  { workspace, clock }: TripleDependencies,
  path: string,
): Promise<void> {
  await updateMetadata(workspace, path, await cancelAnswered(workspace, path, clock))
}

async function cancelAnswered(
  workspace: TripleDependencies['workspace'],
  path: string,
  clock: TripleDependencies['clock'],
): Promise<Partial<BatchMetadata>> {
  const cancel = (await readMetadata(workspace, path))?.cancel
  if (cancel == null || cancel.answered_at_ms != null) return {}
  return { cancel: { ...cancel, answered_at_ms: clock.now() } }
}
