import { openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import {
  isBatchReconciliationError,
  reconciliationError,
  type BatchReconciliationError,
} from '../../errors.js'
import type { RemoteBatch, SubmitRequest } from '../batch-provider.js'
import { callServer, contextOf, type CallOptions, type Connection } from './connection.js'
import { normaliseBatch } from './normalise-batch.js'
import { interrupted, statusOf, unusableAnswer } from './server-errors.js'

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
  const file = await openInput(request.inputPath)
  // The SDK's own limit of ten minutes would end the upload of 200 MB over a slow line.
  const timeout = connection.uploadTimeoutMs
  const upload = (options: CallOptions) =>
    connection.client.files.create({ file, purpose: 'batch' }, { ...options, timeout })
  const answer = await callServer<unknown>(connection, 'files.create', signal, upload, timeout)
  const inputFileId = requireWholeUpload(connection, answer, file)
  await request.onUploaded(inputFileId)
  return inputFileId
}

/**
 * A blob over the file, not a stream: it has a length, so proxies accept it, and memory stays flat in every
 * version of the SDK.
 */
async function openInput(path: string): Promise<File> {
  try {
    const blob = await openAsBlob(path, { type: 'application/jsonl' })
    return new File([blob], basename(path), { type: 'application/jsonl' })
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

function requireWholeUpload(connection: Connection, answer: unknown, file: File): string {
  const context = contextOf(connection, 'files.create')
  const { id, bytes } = (typeof answer === 'object' && answer !== null ? answer : {}) as Readonly<
    Record<string, unknown>
  >
  if (typeof id !== 'string' || id === '') throw unusableAnswer(context, 'something that is no file object')
  const isComparable = connection.quirks.reportsFileBytes && typeof bytes === 'number' && bytes > 0
  if (!isComparable || bytes === file.size) return id
  throw unusableAnswer(
    context,
    `a file of ${bytes} bytes where ${file.size} were sent (${file.name} as ${id})`,
  )
}

async function createBatch(
  connection: Connection,
  request: SubmitRequest,
  inputFileId: string,
  signal: AbortSignal,
): Promise<RemoteBatch> {
  if (signal.aborted) throw interrupted(contextOf(connection, 'batches.create'))
  const create = (options: CallOptions) =>
    connection.client.batches.create(creationOf(connection, request, inputFileId), options)
  const answer = await callServer<unknown>(connection, 'batches.create', signal, create).catch(
    (error: unknown) => {
      throw doubtful(error, inputFileId)
    },
  )
  const batch = normaliseBatch(answer)
  if (batch !== null) return batch
  throw doubtful(
    unusableAnswer(contextOf(connection, 'batches.create'), 'something that is no batch object'),
    inputFileId,
  )
}

type Creation = Parameters<Connection['client']['batches']['create']>[0]

/** The SDK's types know OpenAI's endpoints and windows only; servers have others. */
function creationOf(
  connection: Connection,
  { endpoint, metadata }: SubmitRequest,
  inputFileId: string,
): Creation {
  const { quirks, completionWindow } = connection
  return {
    input_file_id: inputFileId,
    endpoint: (quirks.createEndpoints[endpoint] ?? endpoint) as Creation['endpoint'],
    completion_window: completionWindow as Creation['completion_window'],
    ...(Object.keys(metadata).length === 0 ? {} : { metadata: { ...metadata } }),
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
