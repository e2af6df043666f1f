import {
  isBatchReconciliationError,
  laterHint,
  reconciliationError,
  type BatchReconciliationError,
} from '../../errors.js'
import type { DownloadReceipt } from '../batch-provider.js'
import { readBody, type BodyReader, type ReadableBody } from './body-reader.js'
import { fileContentCall, retrieveFileCall } from './calls.js'
import { callServer, contextOf, openServer, type Connection } from './connection.js'
import { interrupted, statusOf, unusableAnswer } from './server-errors.js'
import { foreignContent, sniffedBytes } from './sniff.js'

export type WriteBytes = (bytes: Uint8Array) => Promise<void>

/**
 * Streams a file into `write`. Resolves only when as many bytes came as the server announced, by the file's record
 * and by `Content-Length`; a body that is cut, stalls, is not finished yet or is no result file rejects with a
 * passing `NetworkError`, a file that is gone with `BatchFilesGone`. `write` may have had bytes by then.
 *
 * A record that cannot be had now is missed only where the content itself does not say how long it is.
 */
export async function downloadFile(
  connection: Connection,
  fileId: string,
  write: WriteBytes,
  signal: AbortSignal,
): Promise<DownloadReceipt> {
  if (fileId === '') throw filesGone(connection, fileId)
  const record = await recordOf(connection, fileId, signal)
  const response = await openContent(connection, fileId, signal)
  const body = response.body as ReadableBody | null
  if (record.failure !== null && contentLength(response) === null) {
    await body?.getReader().cancel()
    throw record.failure
  }
  const bytes = body === null ? 0 : await copyBody(connection, body, response, write, signal)
  requireWhole(connection, fileId, bytes, record.bytes, 'the record of the file')
  requireWhole(connection, fileId, bytes, contentLength(response), 'Content-Length')
  return { bytes }
}

interface FileRecord {
  /** `null` when the server keeps none (0 and absent both mean that). */
  readonly bytes: number | null
  /** Why there is no record, where there may be one later. */
  readonly failure: BatchReconciliationError | null
}

const noRecord: FileRecord = { bytes: null, failure: null }

async function recordOf(connection: Connection, fileId: string, signal: AbortSignal): Promise<FileRecord> {
  if (!connection.quirks.reportsFileBytes) return noRecord
  try {
    const { data } = await callServer(connection, retrieveFileCall(fileId), signal)
    const bytes = typeof data === 'object' && data !== null && 'bytes' in data ? data.bytes : null
    return { bytes: typeof bytes === 'number' && bytes > 0 ? bytes : null, failure: null }
  } catch (error) {
    return withoutRecord(error)
  }
}

/** A key may be allowed to read contents only, and a gateway may keep no records: the content decides. */
function withoutRecord(error: unknown): FileRecord {
  if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
  const keepsNone = [400, 403, 404, 405, 501].includes(statusOf(error) ?? 0)
  return keepsNone ? noRecord : { bytes: null, failure: error }
}

async function openContent(connection: Connection, fileId: string, signal: AbortSignal): Promise<Response> {
  try {
    return await openServer(connection, fileContentCall(fileId), signal)
  } catch (error) {
    if (isBatchReconciliationError(error) && isGone(error)) throw filesGone(connection, fileId)
    throw error
  }
}

const isGone = (error: BatchReconciliationError): boolean => [404, 410].includes(statusOf(error) ?? 0)

async function copyBody(
  connection: Connection,
  body: ReadableBody,
  response: Response,
  write: WriteBytes,
  signal: AbortSignal,
): Promise<number> {
  const context = contextOf(connection, fileContentCall(''))
  const reader = readBody(body, connection.clock, connection.stallTimeoutMs, signal, context)
  try {
    // Doubleword serves the file while the batch still runs (control-layer, `batches.rs`).
    if (response.headers.get('x-incomplete')?.toLowerCase() === 'true') {
      throw unusableAnswer(context, 'a file that is still being written (x-incomplete: true)')
    }
    const head = await readHead(reader)
    const foreign = foreignContent(head.bytes, head.isWhole)
    if (foreign !== null) throw unusableAnswer(context, `${foreign} instead of results`)
    if (head.bytes.length > 0) await write(head.bytes)
    return head.bytes.length + (head.isWhole ? 0 : await copyRest(reader, write, signal, connection))
  } finally {
    await reader.stop()
  }
}

async function readHead(
  reader: BodyReader,
): Promise<{ readonly bytes: Uint8Array; readonly isWhole: boolean }> {
  const pieces: Uint8Array[] = []
  let count = 0
  while (count < sniffedBytes) {
    const piece = await reader.next()
    if (piece === null) return { bytes: Buffer.concat(pieces), isWhole: true }
    pieces.push(piece)
    count += piece.length
  }
  return { bytes: Buffer.concat(pieces), isWhole: false }
}

async function copyRest(
  reader: BodyReader,
  write: WriteBytes,
  signal: AbortSignal,
  connection: Connection,
): Promise<number> {
  let count = 0
  for (let piece = await reader.next(); piece !== null; piece = await reader.next()) {
    if (signal.aborted) throw interrupted(contextOf(connection, fileContentCall('')))
    await write(piece)
    count += piece.length
  }
  return count
}

/** `null` when there is none, or when it counts compressed bytes. */
function contentLength(response: Response): number | null {
  const encoding = response.headers.get('content-encoding')?.toLowerCase() ?? 'identity'
  const text = response.headers.get('content-length')
  return encoding === 'identity' && text !== null && /^\d+$/.test(text) ? Number(text) : null
}

function requireWhole(
  connection: Connection,
  fileId: string,
  bytes: number,
  announced: number | null,
  source: string,
): void {
  if (announced === null || announced === bytes) return
  const { host } = contextOf(connection, fileContentCall(''))
  throw reconciliationError({
    code: 'NetworkError',
    message: `${fileId} came from ${host} with ${bytes} bytes; ${source} says ${announced}.`,
    hint: `The next try begins the download anew: ${laterHint}`,
    isPassing: true,
    facts: { host, fileId, bytes, announcedBytes: announced },
  })
}

function filesGone(connection: Connection, fileId: string): BatchReconciliationError {
  const { host } = contextOf(connection, fileContentCall(''))
  return reconciliationError({
    code: 'BatchFilesGone',
    message: `${host} has no file ${fileId === '' ? 'with an empty id' : fileId}: it expired, was deleted, or belongs to another project.`,
    hint: 'Check the API key and its project. Files of batches are kept for 30 days. If it is gone, its results are lost: take the input and its metadata out of workdir/ and send the input with `submit --again`.',
    needsPerson: true,
    facts: { host, fileId },
  })
}
