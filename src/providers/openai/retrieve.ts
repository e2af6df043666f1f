import type { RemoteBatch } from '../batch-provider.js'
import { retrieveBatchCall } from './calls.js'
import { callServer, contextOf, type Connection } from './connection.js'
import { normaliseBatch } from './normalise-batch.js'
import { statusOf, unusableAnswer } from './server-errors.js'
import { isBatchReconciliationError } from '../../errors.js'

/** One batch by its id; `null` when the server does not know it (404: other key, other project, or long gone). */
export async function retrieveBatch(
  connection: Connection,
  batchId: string,
  signal: AbortSignal,
): Promise<RemoteBatch | null> {
  if (batchId === '') return null
  const call = retrieveBatchCall(batchId)
  const answer = await callServer(connection, call, signal).catch(nullIfUnknown)
  if (answer === null) return null
  const batch = normaliseBatch(answer.data)
  if (batch === null) throw unusableAnswer(contextOf(connection, call), 'something that is no batch object')
  return batch
}

function nullIfUnknown(error: unknown): null {
  if (isBatchReconciliationError(error) && statusOf(error) === 404) return null
  throw error
}
