import { canBeCancelled } from '../../../machines/index.js'
import type { RemoteBatch } from '../batch-provider.js'
import { cancelBatchCall } from './calls.js'
import { callServer, contextOf, secretsOf, type Connection } from './connection.js'
import { normaliseBatch } from './normalise-batch.js'
import { retrieveBatch } from './retrieve.js'
import { unusableAnswer } from './server-errors.js'

/**
 * Cancels a batch and gives its state. A batch that has ended meanwhile is no error: servers refuse that with 409
 * (OpenAI) or 400 (others), and one look tells.
 */
export async function cancelBatch(
  connection: Connection,
  batchId: string,
  signal: AbortSignal,
): Promise<RemoteBatch> {
  const call = cancelBatchCall(batchId)
  try {
    const batch = normaliseBatch((await callServer(connection, call, signal)).data, secretsOf(connection))
    if (batch !== null) return batch
    throw unusableAnswer(contextOf(connection, call), 'something that is no batch object')
  } catch (error) {
    const batch = await retrieveBatch(connection, batchId, signal).catch(() => null)
    if (batch !== null && !canBeCancelled(batch.status)) return batch
    throw error
  }
}
