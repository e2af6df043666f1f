import { isBatchReconciliationError } from '../../errors.js'
import type { DeletedFile } from '../batch-provider.js'
import { deleteFileCall, retrieveFileCall } from './calls.js'
import { callServer, contextOf, type Connection } from './connection.js'
import { statusOf, unusableAnswer } from './server-errors.js'

/**
 * Deletes a file. `gone` when it was not there any more. What the server says is believed only where it is plain: a 404
 * may come from a gateway that knows no deletion, and is looked into.
 */
export async function deleteFile(
  connection: Connection,
  fileId: string,
  signal: AbortSignal,
): Promise<DeletedFile> {
  const call = deleteFileCall(fileId)
  try {
    const { data } = await callServer(connection, call, signal)
    const isSaid = typeof data === 'object' && data !== null && 'deleted' in data && data.deleted === true
    if (isSaid || !(await isThere(connection, fileId, signal))) return 'deleted'
  } catch (error) {
    if (!isUnknown(error) || (await isThere(connection, fileId, signal))) throw error
    return 'gone'
  }
  throw unusableAnswer(
    contextOf(connection, call),
    'something that is no deletion, and the file is still there',
  )
}

async function isThere(connection: Connection, fileId: string, signal: AbortSignal): Promise<boolean> {
  try {
    await callServer(connection, retrieveFileCall(fileId), signal)
    return true
  } catch (error) {
    if (isUnknown(error)) return false
    throw error
  }
}

const isUnknown = (error: unknown): boolean =>
  isBatchReconciliationError(error) && [404, 410].includes(statusOf(error) ?? 0)
