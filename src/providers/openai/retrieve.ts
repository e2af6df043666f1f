import type { RemoteBatch } from '../batch-provider.js'
import { callServer, contextOf, type CallOptions, type Connection } from './connection.js'
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
  const call = (options: CallOptions) => connection.client.batches.retrieve(batchId, options)
  const answer = await callServer<unknown>(connection, 'batches.retrieve', signal, call).catch(nullIfUnknown)
  if (answer === unknownBatch) return null
  const batch = normaliseBatch(answer)
  if (batch === null)
    throw unusableAnswer(contextOf(connection, 'batches.retrieve'), 'something that is no batch object')
  return batch
}

const unknownBatch = Symbol('unknown batch')

function nullIfUnknown(error: unknown): typeof unknownBatch {
  if (isBatchReconciliationError(error) && statusOf(error) === 404) return unknownBatch
  throw error
}
