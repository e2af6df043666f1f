import {
  isBatchReconciliationError,
  reconciliationError,
  type BatchReconciliationError,
} from '../../errors.js'
import type { RemoteBatch } from '../batch-provider.js'
import { retrieveBatchCall } from './calls.js'
import { callServer, contextOf, secretsOf, type Connection } from './connection.js'
import { listBatches } from './list-batches.js'
import { normaliseBatch } from './normalise-batch.js'
import { noBatchesHint, speaksOfThing } from './refusal-hints.js'
import { statusOf, unusableAnswer } from './server-errors.js'

/**
 * One batch by its id; `null` when the server shows that it does not know it (other key, other project, or long gone).
 * Rejects with `RequestRefused` where it only has nothing at this address.
 */
export async function retrieveBatch(
  connection: Connection,
  batchId: string,
  signal: AbortSignal,
): Promise<RemoteBatch | null> {
  if (batchId === '') return null
  const call = retrieveBatchCall(batchId)
  const answer = await callServer(connection, call, signal).catch((error: unknown) =>
    nullIfUnknown(connection, error, signal),
  )
  if (answer === null) return null
  const batch = normaliseBatch(answer.data, secretsOf(connection))
  if (batch === null) throw unusableAnswer(contextOf(connection, call), 'something that is no batch object')
  return batch
}

/** An address at which nothing is answers 404 to everything: only one that knows of batches can say that one is none. */
async function nullIfUnknown(connection: Connection, error: unknown, signal: AbortSignal): Promise<null> {
  if (!isBatchReconciliationError(error) || statusOf(error) !== 404) throw error
  const { code } = error.facts
  const isOfApi = typeof code === 'string' || speaksOfThing(error.problem.causeMessage ?? '')
  if (isOfApi || (await hasList(connection, signal))) return null
  throw nothingThere(error)
}

async function hasList(connection: Connection, signal: AbortSignal): Promise<boolean> {
  try {
    await listBatches(connection, signal).next()
    return true
  } catch (error) {
    if (isNoList(error)) return false
    throw error
  }
}

/** Some gateways know single batches only. */
export function isNoList(error: unknown): boolean {
  return isBatchReconciliationError(error) && [404, 405, 501].includes(statusOf(error) ?? 0)
}

function nothingThere(error: BatchReconciliationError): BatchReconciliationError {
  const { address, host } = error.facts as { readonly address: string; readonly host: string }
  return reconciliationError({ ...error.problem, hint: noBatchesHint({ address, host }) })
}
