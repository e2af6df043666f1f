import { basename } from 'node:path'
import { monotonicMsOf } from '../../clock.js'
import {
  isBatchReconciliationError,
  reconciliationError,
  type BatchReconciliationError,
} from '../../errors.js'
import type { RemoteBatch, SubmitRequest } from '../batch-provider.js'
import { createBatchCall, createFileCall } from './calls.js'
import { callServer, contextOf, type Connection } from './connection.js'
import { serverTimeMs } from './headers.js'
import { canBeKept, normaliseBatch, timeOf } from './normalise-batch.js'
import type { Answer, ServerCall } from './send.js'
import { interrupted, statusOf, unusableAnswer, type CallContext } from './server-errors.js'

/**
 * Uploads the input, has its file id made durable, and creates the batch: one request, never a second one.
 *
 * An upload may be repeated by the caller (a spare copy costs nothing and expires). A creation may not: unless the
 * server refused it in so many words, it rejects with `SubmissionAmbiguous`, and the caller must search with
 * `find` before it tries again. `Interrupted` with the fact `isAmbiguous: true` asks for the same search.
 */
export async function submitBatch(
  connection: Connection,
  request: SubmitRequest,
  signal: AbortSignal,
): Promise<RemoteBatch> {
  const inputFileId = request.inputFileId || (await uploadInput(connection, request, signal))
  return createBatch(connection, request, inputFileId, signal)
}

async function uploadInput(
  connection: Connection,
  request: SubmitRequest,
  signal: AbortSignal,
): Promise<string> {
  const file = await openInput(request)
  // The SDK's own limit of ten minutes would end the upload of 200 MB over a slow line.
  const call = createFileCall(file, connection.uploadTimeoutMs, connection.extra.uploadFields)
  const answer = await callServer(connection, call, signal)
  const { inputFileId, uploadedAtMs } = requireWholeUpload(connection, call, answer, file)
  await request.onUploaded(inputFileId, uploadedAtMs)
  return inputFileId
}

/**
 * A blob over the file, not a stream: it has a length, so proxies accept it, and memory stays flat in every
 * version of the SDK.
 */
async function openInput({ inputPath: path, openInput: open }: SubmitRequest): Promise<File> {
  try {
    return new File([await open()], basename(path), { type: 'application/jsonl' })
  } catch (cause) {
    throw reconciliationError(
      {
        code: 'FileSystemError',
        message: `Cannot read ${path} to upload it.`,
        hint: 'Check that the file is there and may be read.',
        facts: { path },
      },
      { cause },
    )
  }
}

interface Upload {
  readonly inputFileId: string
  readonly uploadedAtMs: number | null
}

function requireWholeUpload(
  connection: Connection,
  call: ServerCall,
  { data, headers }: Answer,
  file: File,
): Upload {
  const context = contextOf(connection, call)
  const { id, bytes, created_at } = (typeof data === 'object' && data !== null ? data : {}) as Readonly<
    Record<string, unknown>
  >
  if (typeof id !== 'string' || id === '' || !canBeKept(id, context.secrets))
    throw unusableAnswer(context, 'something that is no file object')
  const isComparable = connection.quirks.reportsFileBytes && typeof bytes === 'number' && bytes > 0
  if (!isComparable || bytes === file.size)
    return { inputFileId: id, uploadedAtMs: uploadTime(timeOf(created_at), serverTimeMs(headers)) }
  throw unusableAnswer(
    context,
    `a file of ${bytes} bytes where ${file.size} were sent (${file.name} as ${id})`,
  )
}

/** How far the time of an upload may be from the time of the answer that tells it, in milliseconds. */
const plausibleSkewMs = 10 * 60 * 1000

/**
 * The time of the upload bounds every later search, so one that the same answer's `Date` contradicts (another time
 * zone, another unit) is none.
 */
function uploadTime(createdAtMs: number | null, answeredAtMs: number | null): number | null {
  if (createdAtMs === null || answeredAtMs === null) return null
  return Math.abs(createdAtMs - answeredAtMs) <= plausibleSkewMs ? createdAtMs : null
}

async function createBatch(
  connection: Connection,
  request: SubmitRequest,
  inputFileId: string,
  signal: AbortSignal,
): Promise<RemoteBatch> {
  const creation = createBatchCall(creationOf(connection, request, inputFileId))
  const call = await withCreationLimit(connection, creation, request)
  if (signal.aborted) throw interrupted(contextOf(connection, call))
  try {
    const { data } = await callServer(connection, call, signal)
    return requireOurs(connection, call, data, inputFileId)
  } catch (error) {
    throw doubtful(error, inputFileId)
  }
}

/** The time counts from before what is made sure of right before it: a process may be paused in between. */
async function withCreationLimit(
  connection: Connection,
  creation: ServerCall,
  { onCreating }: SubmitRequest,
): Promise<ServerCall> {
  const startedAtMs = monotonicMsOf(connection.clock)
  const allowedMs = (await onCreating?.()) ?? null
  if (allowedMs === null) return creation
  // Whole: the SDK takes no other.
  const limitMs = Math.floor(allowedMs - (monotonicMsOf(connection.clock) - startedAtMs))
  if (limitMs <= 0) throw begunTooLate(contextOf(connection, creation), allowedMs)
  return { ...creation, limitMs }
}

function begunTooLate({ action, host }: CallContext, limitMs: number): BatchReconciliationError {
  return reconciliationError({
    code: 'NetworkError',
    message: `${host} was not asked to create a batch: it had to be over within ${Math.round(limitMs / 1000)} s, and they went by before it began.`,
    hint: 'It is tried again by itself. When it happens often, give the process more CPU, and look at the disk of the workspace.',
    isPassing: true,
    facts: { action, host, isSent: false },
  })
}

/**
 * Proxies answer with what they kept of another call, and servers with a batch that is not the one just made: an
 * answer counts only when it names our upload.
 */
function requireOurs(
  connection: Connection,
  call: ServerCall,
  data: unknown,
  inputFileId: string,
): RemoteBatch {
  const context = contextOf(connection, call)
  const batch = normaliseBatch(data, context.secrets)
  if (batch === null) throw unusableAnswer(context, 'something that is no batch object')
  if (batch.inputFileId === inputFileId) return batch
  const named = batch.inputFileId === null ? 'no upload' : `upload ${batch.inputFileId}`
  throw unusableAnswer(context, `batch ${batch.batchId}, which names ${named}`)
}

function creationOf(
  { quirks, completionWindow, extra }: Connection,
  { endpoint, metadata: labels }: SubmitRequest,
  inputFileId: string,
): object {
  const metadata = { ...extra.metadata, ...labels }
  return {
    ...extra.createFields,
    input_file_id: inputFileId,
    endpoint: quirks.createEndpoints[endpoint] ?? endpoint,
    completion_window: completionWindow,
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  }
}

/** Passes on what proves that no batch was made; anything else may have made one. */
function doubtful(error: unknown, inputFileId: string): unknown {
  if (!isBatchReconciliationError(error) || isRefusal(error)) return error
  if (error.code === 'Interrupted') return interruptedCreation(error, inputFileId)
  const { causeMessage, retryAfterMs, facts } = error.problem
  return reconciliationError({
    code: 'SubmissionAmbiguous',
    message: `The batch for ${inputFileId} may or may not have been created: ${error.message}`,
    hint: 'The list of batches is searched for this file before anything is sent again.',
    isPassing: true,
    causeMessage: causeMessage ?? error.message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    facts: { ...facts, inputFileId },
  })
}

function interruptedCreation(
  { problem }: BatchReconciliationError,
  inputFileId: string,
): BatchReconciliationError {
  return reconciliationError({
    ...problem,
    message: `Stopped while the batch for ${inputFileId} was being created; it may exist on the server.`,
    hint: 'Run again: the list of batches is searched for this file before anything is sent again.',
    facts: { ...problem.facts, inputFileId, isAmbiguous: true },
  })
}

/** Statuses under 500 after which the request may have been carried out all the same. */
const doubtfulStatuses: ReadonlySet<number> = new Set([408, 409, 425, 499])

function isRefusal(error: BatchReconciliationError): boolean {
  if (error.facts['isSent'] === false || error.code === 'AccessDenied') return true
  const status = statusOf(error)
  return status !== null && status >= 400 && status < 500 && !doubtfulStatuses.has(status)
}
